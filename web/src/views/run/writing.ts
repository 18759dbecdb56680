/** A model that continues a text, in a worker. */
import { createLetterTokenizer, loadTokenizer, type Tokenizer } from '../../../../src/data/index.js'
import type { Gpt2Config } from '../../../../src/families/gpt2/config.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import { continueText, promptTokens } from '../../../../src/search/continue-text.js'
import type { Ticket } from '../../../../src/ticket/index.js'
import type { TaskContext } from '../../worker-task.js'
import type { RunningModel } from './running-model.js'

/** Attention is shown of so many tokens at the end of a text. */
export const ATTENTION_TOKENS = 64

/** Attention is computed at most every so many milliseconds, and in less than a tenth of the time. */
const ATTENTION_EVERY = 700

/** What is asked of {@link writeText}. */
export interface WritingRequest {
  readonly prompt: string
  /** Tokens to add. */
  readonly count: number
  readonly temperature: number
  /** 0: all tokens take part. */
  readonly topK: number
  readonly seed: bigint
}

/** What the heads look at in the last tokens of a text. */
export interface SeenAttention {
  /** Each token as text; control characters as names. */
  readonly labels: readonly string[]
  /** Index in the text of the first of them. */
  readonly first: number
  readonly heads: number
  /** Of each layer [H, T, T]. */
  readonly layers: readonly Float32Array[]
}

/** On the way: text that was added, or attention. */
export type WritingReport =
  | { readonly kind: 'text'; readonly text: string; readonly tokens: number; readonly perSecond: number | null }
  | { readonly kind: 'attention'; readonly attention: SeenAttention }

/** What was written. */
export interface Written {
  readonly tokens: number
  /** Tokens a second, the first of them (which reads the prompt) and attention left out; null for fewer than two. */
  readonly perSecond: number | null
}

/** The tokenizer that a ticket's texts are read by. @throws InputError when there is none */
export async function ticketTokenizer(ticket: Ticket, config: Gpt2Config): Promise<Tokenizer> {
  const named = ticket.kind === 'searched' ? ticket.metadata.tokenizer : null
  if (named !== null) return loadTokenizer(named)
  if (config.vocabulary <= 26) return createLetterTokenizer(config.vocabulary)
  throw new InputError(`${ticket.name}: names no tokenizer, so that its ${config.vocabulary} tokens stand for no text`)
}

/** Continues a text; stops between two tokens when the task is cancelled. */
export async function writeText(
  running: RunningModel,
  tokenizer: Tokenizer,
  { topK, ...request }: WritingRequest,
  { signal, report, pause }: TaskContext<WritingReport>,
): Promise<Written> {
  const tokens = promptTokens(tokenizer, request.prompt)
  let [added, stepTime, pending, shown] = [0, 0, '', performance.now()]
  let attentionAt = performance.now()
  let attentionCost = 0
  const perSecond = () => (added > 1 && stepTime > 0 ? (1000 * (added - 1)) / stepTime : null)
  const flush = () => {
    report({ kind: 'text', text: pending, tokens: added, perSecond: perSecond() })
    pending = ''
    shown = performance.now()
  }
  const look = async () => {
    const started = performance.now()
    report({ kind: 'attention', attention: await seenAttention(running, tokenizer, tokens) })
    attentionAt = performance.now()
    attentionCost = attentionAt - started
  }
  let started = performance.now()
  const pieces = continueText(running.decoder, tokenizer, {
    ...request,
    topK: topK > 0 ? Math.min(topK, tokenizer.vocabulary) : undefined,
    signal,
    pause,
  })
  for await (const { token, text } of pieces) {
    pending += text
    if (token === null) continue
    tokens.push(token)
    if (added > 0) stepTime += performance.now() - started
    added++
    if (performance.now() - shown > 30) flush()
    if (performance.now() - attentionAt > Math.max(ATTENTION_EVERY, 10 * attentionCost)) await look()
    started = performance.now()
  }
  flush()
  await look()
  return { tokens: added, perSecond: perSecond() }
}

/** The attention in the last tokens of a text, read as a text of their own. */
export async function seenAttention(
  { attention, model }: RunningModel,
  tokenizer: Tokenizer,
  tokens: readonly number[],
): Promise<SeenAttention> {
  const last = tokens.slice(-Math.min(ATTENTION_TOKENS, model.config.positions))
  return {
    labels: last.map((token) => readable(new TextDecoder().decode(tokenizer.decode([token])))),
    first: tokens.length - last.length,
    heads: model.config.heads,
    layers: await attention(last),
  }
}

const names: Readonly<Record<string, string>> = { ' ': '\u2423', '\n': '\u21b5', '\t': '\u21e5' }

/** A token that can be seen: spaces and line ends as signs, other control characters as U+FFFD. */
const readable = (text: string): string =>
  Array.from(text, (letter) => names[letter] ?? (/\p{Cc}/u.test(letter) ? '\ufffd' : letter)).join('')
