import { formatNumber } from '../../ui/axis.js'
import { attention, busy, head } from './computed.js'
import { state } from './state.js'

/** The numbers of the head that is shown. */
export function Results() {
  const found = head.value
  const run = attention.value
  const entries = found ? found.entries.toLocaleString('en') : ''
  return (
    <section aria-label="Result" aria-busy={busy.value} class="prune-results">
      <dl>
        <Quantity
          name="largest error of an entry"
          value={found && formatNumber(found.largest)}
          note={found ? `median ${formatNumber(found.median)}` : ''}
        />
        <Quantity
          name="targets in reach"
          value={found && (found.entries - found.outOfReach).toLocaleString('en')}
          note={`of ${entries} entries`}
        />
        <Quantity
          name="error of the output"
          value={run && formatNumber(run.error)}
          note={run ? `the farthest of ${run.rows} positions` : ''}
        />
        <Quantity
          name="the proof's bound on it"
          value={run && formatBound(run.bound)}
          note={run ? `for any T, inputs of norm ≤ ${formatNumber(run.alpha)}` : ''}
        />
      </dl>
      <p class="visually-hidden" role="status">
        {found && !busy.value
          ? `${state.n.value} items a weight: largest error ${formatNumber(found.largest)}, ${found.outOfReach} targets out of reach.`
          : ''}
      </p>
    </section>
  )
}

/** A bound beyond 1e9 says nothing. */
const formatBound = (bound: number) => (bound < 1e9 ? formatNumber(bound) : 'none yet')

function Quantity({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string | undefined
  readonly note: string
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="prune-value">{value ?? '…'}</span>
        <span class="field-help">{note}</span>
      </dd>
    </div>
  )
}
