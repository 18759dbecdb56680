import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { bytesText } from '../../../../src/inspect/bytes-text.js'
import type { TicketAnswer, TicketsAnswer } from '../../../../src/serve/answers.js'
import { isServed, siteFile } from '../../site.js'
import { Button, FileButton } from '../../ui/button.js'
import { openExample, openFile, openPasted } from './opening.js'
import { address } from './run-address.js'
import { source } from './run-session.js'
import { exampleNames, examples } from './sources.js'

/** Examples, a file, a link: what is opened. */
export function SourcePanel() {
  const open = source.value
  return (
    <section class="ticket-sources" aria-label="Open a ticket">
      {isServed() ? <ServedTickets /> : null}
      <ul class="ticket-examples">
        {exampleNames.map((name) => {
          const isOpen = open?.kind === 'example' && open.example === name
          return (
            <li key={name}>
              <button
                type="button"
                class="ticket-example"
                aria-current={isOpen ? 'true' : undefined}
                onClick={() => openExample(name)}
              >
                <strong>{examples[name].title}</strong>
                <span>{examples[name].text}</span>
              </button>
            </li>
          )
        })}
      </ul>
      <div class="ticket-own">
        <div class="ticket-drop">
          <span>Or drop a ticket anywhere on this page</span>
          <FileButton accept=".safetensors" onFile={openFile}>
            Choose a file
          </FileButton>
        </div>
        <PasteField />
      </div>
    </section>
  )
}

/** Tickets of the served folders that are listed; the report has them all. */
const MOST_SERVED = 8

/** The newest tickets of the folders that `slt serve` was given. */
function ServedTickets() {
  const tickets = useSignal<readonly TicketAnswer[]>([])
  useEffect(() => {
    const controller = new AbortController()
    fetch(siteFile('api/tickets'), { signal: controller.signal })
      .then(async (response) => {
        if (!response.ok) return // the report says what is wrong
        const answer = (await response.json()) as TicketsAnswer
        const sound = answer.tickets.filter(({ error, model }) => error === null && model !== null)
        tickets.value = sound.sort((a, b) => b.modified - a.modified)
      })
      .catch(() => {}) // the server is gone: the examples are there all the same
    return () => controller.abort()
  }, [])
  if (tickets.value.length === 0) return null
  const more = tickets.value.length - MOST_SERVED
  return (
    <div class="ticket-served">
      <h2>Your tickets</h2>
      <ul class="ticket-examples">
        {tickets.value.slice(0, MOST_SERVED).map(({ id, name, bytes, kind, model }) => (
          <li key={id}>
            <a
              class="ticket-example"
              href={`#run?file=${id}`}
              aria-current={address.values.file.value === id ? 'true' : undefined}
            >
              <strong>{name}</strong>
              <span>{[kind, model, bytesText(bytes)].filter(Boolean).join(', ')}</span>
            </a>
          </li>
        ))}
      </ul>
      {more > 0 ? (
        <p class="field-help">
          And {more} more: <a href="#report">Read the report</a> lists them all.
        </p>
      ) : null}
    </div>
  )
}

function PasteField() {
  const id = useId()
  const text = useSignal('')
  const wrong = useSignal(false)
  const open = () => {
    wrong.value = !openPasted(text.value)
    if (!wrong.value) text.value = ''
  }
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault()
        open()
      }}
    >
      <div class="field-head">
        <label for={id}>A link to a ticket, or the digits of its QR code</label>
      </div>
      <div class="joined">
        <input
          id={id}
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          aria-invalid={wrong.value}
          aria-describedby={`${id}-error`}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value
            wrong.value = false
          }}
        />
        <Button onClick={open}>Open</Button>
      </div>
      <span class="field-error" id={`${id}-error`} role="status">
        {wrong.value ? 'Expected a link with #ticket=…, the digits of a QR code, or the address of a ticket file.' : ''}
      </span>
    </form>
  )
}
