import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { unreadSentence } from '../../failure.js'
import { FileButton } from '../../ui/button.js'
import { Segmented } from '../../ui/choice-field.js'
import { address } from './address.js'
import { ownText } from './searches.js'
import { textOfFile } from './text-of-file.js'

/** The text to learn: the bundled one, or one that is pasted, dropped or opened. */
export function TextSource() {
  const id = useId()
  const { text } = address.values
  const pasted = useSignal(ownText.peek()?.name === PASTED ? new TextDecoder().decode(ownText.peek()!.bytes) : '')
  const problem = useSignal('')
  const own = ownText.value

  const open = async (file: File) => {
    problem.value = ''
    try {
      const read = await textOfFile(file)
      pasted.value = ''
      text.value = 'own'
      ownText.value = read
    } catch (error) {
      problem.value = unreadSentence(file, error)
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file may be dropped here; the button does the same
    <div
      class="search-text"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        const file = event.dataTransfer?.files[0]
        if (file) void open(file)
      }}
    >
      <Segmented
        label="Text"
        value={text.value}
        options={[
          { value: 'shakespeare', label: 'tiny Shakespeare' },
          { value: 'own', label: 'your own' },
        ]}
        onChange={(value) => {
          text.value = value
        }}
      />
      {text.value === 'own' ? (
        <div class="field">
          <div class="field-head">
            <label for={id}>Your text</label>
            <span class="field-help">{own ? described(own.bytes.length, own.name) : 'nothing yet'}</span>
          </div>
          <textarea
            id={id}
            rows={5}
            placeholder="Paste a text, or drop a .txt file here. It stays on your machine."
            value={pasted.value}
            onInput={({ currentTarget }) => {
              problem.value = ''
              pasted.value = currentTarget.value
              const bytes = new TextEncoder().encode(currentTarget.value)
              ownText.value = bytes.length > 0 ? { name: PASTED, bytes } : undefined
            }}
          />
          <div class="row">
            <FileButton accept=".txt,.gz,.md,.csv,.json,text/*" onFile={(file) => void open(file)}>
              Open a text file
            </FileButton>
            <span class="field-error" role="status">
              {problem.value}
            </span>
          </div>
        </div>
      ) : (
        <p class="field-help">Plays by Shakespeare, 1.1 MB. The last tenth of a text is kept apart to validate on.</p>
      )}
    </div>
  )
}

const PASTED = 'pasted text'

const described = (bytes: number, name: string) => `${name}: ${bytes.toLocaleString('en')} bytes`
