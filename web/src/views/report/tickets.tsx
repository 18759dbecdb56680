import { bytesText } from '../../../../src/inspect/bytes-text.js'
import type { TicketAnswer } from '../../../../src/serve/answers.js'
import { siteFile } from '../../site.js'
import { PathName } from './path-name.js'
import type { ReportData } from './report-data.js'

const kinds = { pruned: 'pruned', 'pruned-pairs': 'pruned pairs', searched: 'searched' } as const

/** The tickets, to open in the view that runs them. */
export function Tickets({ data }: { readonly data: ReportData }) {
  const tickets = data.tickets.value
  return (
    <section class="report-part" aria-labelledby="tickets-title">
      <h2 id="tickets-title">Tickets</h2>
      {tickets === undefined ? (
        <p class="report-waiting">Looking for tickets…</p>
      ) : tickets.length === 0 ? (
        <p>
          No ticket (<code>*.slt.safetensors</code>) lies in these folders yet. A finished <code>slt search</code> or{' '}
          <code>slt prune</code> leaves one.
        </p>
      ) : (
        <ul class="ticket-list">
          {tickets.map((ticket) => (
            <TicketItem key={ticket.id} ticket={ticket} />
          ))}
        </ul>
      )}
    </section>
  )
}

function TicketItem({ ticket: { id, name, bytes, kind, model, error } }: { readonly ticket: TicketAnswer }) {
  const what = error ? `cannot be read: ${error}` : [kind && kinds[kind], model].filter(Boolean).join(', ')
  return (
    <li>
      <PathName name={name} />
      <span class="field-help">
        {bytesText(bytes)} · {what}
      </span>
      <span class="row ticket-links">
        {error ? null : (
          <a href={`#run?file=${id}`} aria-label={`Open ${name}`}>
            Open
          </a>
        )}
        <a href={siteFile(`api/files/${id}`)} download aria-label={`Download ${name}`}>
          Download
        </a>
      </span>
    </li>
  )
}
