import { batch, type Signal, signal, useSignalEffect } from '@preact/signals'
import { useId } from 'preact/hooks'
import { DeviceChoice } from './device-choice.js'
import { address } from './run-address.js'
import { attention, client, failRunning, type Running, running } from './run-session.js'

const { prompt, other } = address.values

/** What was found, and by which network. */
const found: Signal<
  | {
      readonly similarity: number
      readonly read: readonly { readonly tokens: number; readonly left: number }[]
      readonly by: Running
    }
  | undefined
> = signal(undefined)

async function compare(texts: readonly [string, string], by: Running): Promise<void> {
  try {
    const { similarity, read, attention: seen } = await client.latest('compare', { texts })
    if (running.peek() !== by) return // of a ticket that was open before
    batch(() => {
      found.value = { similarity, read, by }
      attention.value = seen
    })
  } catch (error) {
    failRunning(error)
  }
}

/** Two texts, and how alike an encoder finds them. */
export function EncoderPanel() {
  const id = useId()
  useSignalEffect(() => {
    const texts = [prompt.value, other.value] as const
    if (running.value) compare(texts, running.value)
  })
  const { value: last } = found
  const shown = last?.by === running.value ? last : undefined
  return (
    <section class="ticket-try" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Let it compare two texts</h2>
      <p>
        This model is an encoder: it writes no text. It gives each token a vector that has seen the whole text. The
        similarity is the cosine of the two texts’ mean vectors; pictures below show the attention in the first text.
      </p>
      <TextField label="First text" text={prompt} read={shown?.read[0]} />
      <TextField label="Second text" text={other} read={shown?.read[1]} />
      <div class="controls">
        <div class="field">
          <div class="field-head">Similarity, from −1 to 1</div>
          <output class="ticket-answer">{shown ? shown.similarity.toFixed(4) : '\u2007'.repeat(6)}</output>
        </div>
        <DeviceChoice />
      </div>
    </section>
  )
}

function TextField({
  label,
  text,
  read,
}: {
  readonly label: string
  readonly text: Signal<string>
  readonly read: { readonly tokens: number; readonly left: number } | undefined
}) {
  const id = useId()
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>{label}</label>
      </div>
      <textarea
        id={id}
        rows={2}
        maxLength={4000}
        spellcheck={false}
        value={text.value}
        aria-describedby={`${id}-read`}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value
        }}
      />
      <span class="field-help" id={`${id}-read`}>
        {read ? tokensText(read) : '\u00a0'}
      </span>
    </div>
  )
}

function tokensText({ tokens, left }: { readonly tokens: number; readonly left: number }): string {
  const many = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'token' : 'tokens'}`
  return left === 0 ? `${many(tokens)} read.` : `${many(tokens)} read; ${many(left)} at the end are beyond its context.`
}
