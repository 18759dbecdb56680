import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { Button, FileButton } from '../../ui/button.js'
import { openExample, openFile, openPasted } from './opening.js'
import { source } from './run-session.js'
import { exampleNames, examples } from './sources.js'

/** Examples, a file, a link: what is opened. */
export function SourcePanel() {
  const open = source.value
  return (
    <section class="ticket-sources" aria-label="Open a ticket">
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
