/** A model that continues a text, in a worker. */
import type { Tokenizer } from '../../../../src/data/index.js'
import { familyOf } from '../../../../src/families/family.js'
import type { Decoder } from '../../../../src/families/generate.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import { continueText, promptTokens, type TextPiece } from '../../../../src/search/continue-text.js'
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

/** What the trained model, which a ticket was pruned to, writes beside it. */
export interface BesideReport {
  readonly text: string
  /** Tokens that both wrote alike before the first that differs. */
  readonly equal: number
}

/** On the way: text that was added, or attention. */
export type WritingReport =
  | {
      readonly kind: 'text'
      readonly text: string
      readonly tokens: number
      readonly perSecond: number | null
      readonly beside: BesideReport | null
    }
  | { readonly kind: 'attention'; readonly attention: SeenAttention }

/** What was written. */
export interface Written {
  readonly tokens: number
  /** Tokens a second, the first of them (which reads the prompt) and attention left out; null for fewer than two. */
  readonly perSecond: number | null
}

/**
 * Continues a text; stops between two tokens when the task is cancelled.
 * @param beside writes too, token by token, with the same draws
 * @throws InputError for an encoder
 */
export async function writeText(
  running: RunningModel,
  tokenizer: Tokenizer,
  { topK, ...request }: WritingRequest,
  { signal, report, pause }: TaskContext<WritingReport>,
  beside: Decoder | undefined,
): Promise<Written> {
  const tokens = promptTokens(tokenizer, request.prompt)
  let [added, stepTime, pending, shown] = [0, 0, '', performance.now()]
  let attentionAt = performance.now()
  let attentionCost = 0
  const perSecond = () => (added > 1 && stepTime > 0 ? (1000 * (added - 1)) / stepTime : null)
  const own = { ...request, topK: topK > 0 ? Math.min(topK, tokenizer.vocabulary) : undefined, signal, pause }
  const other = beside && followText(continueText(beside, tokenizer, own))
  const flush = () => {
    report({ kind: 'text', text: pending, tokens: added, perSecond: perSecond(), beside: other?.take() ?? null })
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
  for await (const { token, text } of continueText(writerOf(running), tokenizer, own)) {
    pending += text
    if (token === null) continue
    tokens.push(token)
    if (added > 0) stepTime += performance.now() - started
    added++
    await other?.follow(token)
    if (performance.now() - shown > 30) flush()
    if (performance.now() - attentionAt > Math.max(ATTENTION_EVERY, 10 * attentionCost)) await look()
    started = performance.now()
  }
  await other?.end()
  flush()
  await look()
  return { tokens: added, perSecond: perSecond() }
}

/** What continues the texts of a network. @throws InputError for an encoder */
export function writerOf({ decoder, model: { config } }: RunningModel): Decoder {
  if (decoder) return decoder
  throw new InputError(`a ${familyOf(config).title} is an encoder, which writes no text`)
}

/** Follows a text with another, a token at a time. */
function followText(pieces: AsyncGenerator<TextPiece, void>) {
  let text = ''
  let equal = 0
  let isEqual = true
  const next = async (): Promise<TextPiece | undefined> => {
    const { value } = await pieces.next()
    text += value?.text ?? ''
    return value ?? undefined
  }
  return {
    /** Writes one token more. @param token what the first text has there */
    async follow(token: number): Promise<void> {
      isEqual &&= (await next())?.token === token
      if (isEqual) equal++
    },
    /** Writes its rest. */
    async end(): Promise<void> {
      while (await next());
    },
    /** What was written since. */
    take(): BesideReport {
      const report = { text, equal }
      text = ''
      return report
    },
  }
}

/** The attention in the last tokens of a text, read as a text of their own. */
export async function seenAttention(
  { attention, model }: RunningModel,
  tokenizer: Tokenizer,
  tokens: readonly number[],
): Promise<SeenAttention> {
  const last = tokens.slice(-Math.min(ATTENTION_TOKENS, model.config.positions))
  return {
    labels: last.map((token) => readable(new TextDecoder().decode(tokenizer.decode([token], { continues: true })))),
    first: tokens.length - last.length,
    heads: model.config.heads,
    layers: await attention(last),
  }
}

const names: Readonly<Record<string, string>> = { ' ': '\u2423', '\n': '\u21b5', '\t': '\u21e5' }

/** A token that can be seen: spaces and line ends as signs, other control characters as U+FFFD. */
const readable = (text: string): string =>
  Array.from(text, (letter) => names[letter] ?? (/\p{Cc}/u.test(letter) ? '\ufffd' : letter)).join('')
