import { useId } from 'preact/hooks'
import { Button, FileButton } from '../../ui/button.js'
import { takeTokenizer } from './opening.js'
import { giveTokenizer } from './run-session.js'

/** Tokens of GPT-2's vocabulary; bytes, to which a model adds one token at most. */
const GPT2_TOKENS = 50257
const BYTES = 256

/** Asks for the tokenizer of a ticket that names none. */
export function TokenizerPanel({ vocabulary }: { readonly vocabulary: number }) {
  const id = useId()
  const take = (name: 'bytes' | 'gpt2') => () => void giveTokenizer(async () => ({ kind: 'known', name }))
  return (
    <section class="ticket-try" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Which texts does it read?</h2>
      <p>
        This ticket names no tokenizer, so its {vocabulary.toLocaleString('en')} tokens stand for no text yet. Drop the{' '}
        <code>tokenizer.json</code> of the model that it was pruned to anywhere on this page, or choose it here. The
        file stays on your machine.
      </p>
      <div class="row">
        <FileButton accept=".json" onFile={(file) => void takeTokenizer(file)}>
          Choose a tokenizer.json
        </FileButton>
        {vocabulary >= GPT2_TOKENS ? <Button onClick={take('gpt2')}>It reads GPT-2’s tokens</Button> : null}
        {vocabulary === BYTES || vocabulary === BYTES + 1 ? (
          <Button onClick={take('bytes')}>It reads bytes</Button>
        ) : null}
      </div>
    </section>
  )
}
