import { type Signal, signal, useSignalEffect } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { Slider } from '../../ui/slider.js'
import { NumberField, SeedField } from '../../ui/value-field.js'
import { DeviceChoice } from './device-choice.js'
import { address } from './run-address.js'
import { attention, client, failRunning, failure, hasBeside, report, running } from './run-session.js'
import type { BesideReport } from './writing.js'

const { prompt, count, temperature, topk, seed } = address.values

/** What is written, after which prompt, and how fast. */
interface Written {
  readonly prompt: string
  readonly text: string
  readonly tokens: number
  readonly rate: number | null
  /** What the trained model writes, where there is one. */
  readonly beside: BesideReport | null
}
const written: Signal<Written | undefined> = signal(undefined)
/** Set while it writes. */
const writing: Signal<AbortController | undefined> = signal(undefined)
/** For screen readers: what was added, some seconds at a time. */
const spoken = signal('')

/** The ticket that wrote it. */
let author = ''

/** Milliseconds between two announcements. */
const SPEAK_EVERY = 6000

async function write(): Promise<void> {
  const controller = new AbortController()
  const own = prompt.value
  writing.value = controller
  written.value = { prompt: own, text: '', tokens: 0, rate: null, beside: null }
  spoken.value = ''
  let unspoken = ''
  let spokenAt = performance.now()
  try {
    await client.call(
      'write',
      {
        prompt: own,
        count: count.value,
        temperature: temperature.value,
        topK: topk.value,
        seed: seed.value,
      },
      {
        signal: controller.signal,
        onReport(each) {
          if (each.kind === 'attention') {
            attention.value = each.attention
            return
          }
          const { text, beside: before } = written.peek()!
          const beside = each.beside && { ...each.beside, text: (before?.text ?? '') + harmless(each.beside.text) }
          written.value = {
            prompt: own,
            text: text + harmless(each.text),
            tokens: each.tokens,
            rate: each.perSecond,
            beside,
          }
          unspoken += each.text
          if (performance.now() - spokenAt < SPEAK_EVERY) return
          spoken.value = unspoken
          unspoken = ''
          spokenAt = performance.now()
        },
      },
    )
  } catch (error) {
    failRunning(error)
  } finally {
    spoken.value = unspoken
    if (writing.peek() === controller) writing.value = undefined
  }
}

/** Shows what the heads look at in the prompt, while nothing is written yet. */
async function look(): Promise<void> {
  const { value: by } = running
  if (!by || writing.peek() || written.value) return
  try {
    const seen = await client.latest('look', { text: prompt.value })
    if (running.peek() === by) attention.value = seen
  } catch (error) {
    failRunning(error)
  }
}

/** What a random network says may hold anything. */
const harmless = (text: string) => text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')

/** A prompt, how tokens are drawn, and what the ticket writes. */
export function WriterPanel() {
  const id = useId()
  const ticket = report.value?.sha256 ?? ''
  useEffect(() => {
    if (author !== ticket) written.value = undefined
    author = ticket
    return () => writing.peek()?.abort()
  }, [ticket])
  useSignalEffect(() => {
    look()
  })
  const isWriting = writing.value !== undefined
  const { value: shown } = written
  const isReady = running.value !== undefined && failure.value === undefined
  const vocabulary = report.value?.config?.vocabulary ?? 256
  return (
    <section class="ticket-try" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Let it write</h2>
      <div class="field">
        <div class="field-head">
          <label for={id}>Prompt</label>
        </div>
        <textarea
          id={id}
          rows={2}
          maxLength={4000}
          spellcheck={false}
          value={prompt.value}
          onInput={({ currentTarget }) => {
            prompt.value = currentTarget.value
          }}
        />
      </div>
      <div class="controls">
        <Slider
          label="Temperature"
          help="How freely tokens are drawn; 0 takes the likeliest."
          value={temperature.value}
          min={0}
          max={2}
          step={0.05}
          format={(value) => value.toFixed(2)}
          onInput={(value) => {
            temperature.value = value
          }}
        />
        <Slider
          label="Length"
          unit="tokens"
          value={count.value}
          min={10}
          max={2000}
          step={10}
          onInput={(value) => {
            count.value = value
          }}
        />
        <NumberField
          label="Draw from the k likeliest (0: all)"
          value={Math.min(topk.value, vocabulary)}
          min={0}
          max={vocabulary}
          onChange={(value) => {
            topk.value = value
          }}
        />
        <SeedField
          label="Seed of the draws"
          value={seed.value}
          onChange={(value) => {
            seed.value = value
          }}
        />
        <DeviceChoice disabled={isWriting} />
      </div>
      <div class="row">
        {isWriting ? (
          <Button primary onClick={() => writing.value?.abort()}>
            Stop
          </Button>
        ) : (
          <Button primary disabled={!isReady} onClick={write}>
            Write
          </Button>
        )}
        <span class="number ticket-rate">{shown ? rateText(shown) : ''}</span>
      </div>
      {hasBeside.value ? (
        <>
          <div class="figures">
            <div>
              <h3>The pruned random network</h3>
              <TextWindow label="What the ticket writes" prompt={shown?.prompt} text={shown?.text} />
            </div>
            <div>
              <h3>The trained model</h3>
              <TextWindow
                label="What the trained model writes"
                prompt={shown?.prompt}
                text={shown?.beside?.text ?? ''}
              />
            </div>
          </div>
          <p class="field-help" role="status">
            {shown?.beside && !isWriting ? equalText(shown.tokens, shown.beside.equal) : '\u00a0'}
          </p>
        </>
      ) : (
        <TextWindow label="What the ticket writes" prompt={shown?.prompt} text={shown?.text} />
      )}
      <div class="visually-hidden" aria-live="polite">
        {spoken.value}
      </div>
    </section>
  )
}

/** A text as it grows; before there is one, its room. */
function TextWindow({
  label,
  prompt,
  text,
}: {
  readonly label: string
  readonly prompt: string | undefined
  readonly text: string | undefined
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keyboard
    <section class="ticket-text panel" tabIndex={0} aria-label={label}>
      {prompt === undefined ? (
        <span class="ticket-prompt">What it writes appears here.</span>
      ) : (
        <>
          <span class="ticket-prompt">{prompt}</span>
          {text}
        </>
      )}
    </section>
  )
}

/** How long the two write alike. */
function equalText(tokens: number, equal: number): string {
  if (tokens === 0) return '\u00a0'
  if (equal === tokens) return `All ${tokens.toLocaleString('en')} tokens are the same.`
  return `The first ${equal.toLocaleString('en')} of ${tokens.toLocaleString('en')} tokens are the same; token ${(equal + 1).toLocaleString('en')} differs.`
}

function rateText({ tokens, rate }: { readonly tokens: number; readonly rate: number | null }): string {
  const many = `${tokens.toLocaleString('en')} tokens`
  return rate === null ? many : `${many}, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second`
}
