import type { BaseConfig } from './config.js'
import type { LanguageModel } from './language-model.js'
import { checkSampling, largestIndex, type Sampling, sampleToken } from './sampling.js'

/**
 * Greedy continuation: the token of the largest logit (the lowest such token), appended, `count` times. Beyond the context
 * the rule is that of {@link nextContext}.
 * @param prompt tokens, at least one
 * @param count tokens to add, an integer >= 0
 * @returns the added tokens, without the prompt
 */
export async function generateGreedy(
  model: LanguageModel,
  prompt: readonly number[],
  count: number,
): Promise<number[]> {
  const [added] = await generateGreedyBatch(model, [prompt], count)
  return added
}

/**
 * {@link generateGreedy} for several prompts of one length, together. Contexts are padded at the end to the next power of two (at most `config.positions`), which causal attention cannot
 * see, so that a growing text meets few lengths and few graphs are built.
 */
export async function generateGreedyBatch(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<number[][]> {
  const { positions, vocabulary } = model.config
  const promptLength = prompts[0]?.length ?? 0
  if (promptLength === 0) throw new RangeError('"prompt" expected at least one token')
  if (prompts.some((prompt) => prompt.length !== promptLength)) {
    throw new RangeError('"prompts" expected prompts of one length')
  }
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`"count" expected an integer >= 0, got ${count}`)

  const added = prompts.map((): number[] => [])
  let contexts = prompts.map((prompt) => firstContext(prompt, positions))
  for (let step = 0; step < count; step++) {
    const read = contexts[0].length
    const padded = paddedLength(read, positions)
    const tokens = new Int32Array(contexts.length * padded)
    for (const [row, context] of contexts.entries()) tokens.set(context, row * padded)
    const logits = await model.logits(tokens, contexts.length, padded) // [B, T, V]
    contexts = contexts.map((context, row) => {
      const start = (row * padded + read - 1) * vocabulary
      const token = largestIndex(logits.subarray(start, start + vocabulary))
      added[row].push(token)
      return nextContext(context, token, positions)
    })
  }
  return added
}

/** Reads a text token by token. One text at a time: an answer is waited for before the next call. */
export interface Decoder {
  readonly config: BaseConfig
  /**
   * Reads a text from its beginning; only the last `config.positions` tokens of a longer one.
   * @param tokens at least one
   * @returns logits of the token that follows, float32 [V]
   */
  read(tokens: readonly number[]): Promise<Float32Array>
  /**
   * Reads one more token. Where the context is full, the text is read anew from its last half ({@link nextContext}).
   * @returns logits of the token that follows, float32 [V]
   */
  append(token: number): Promise<Float32Array>
  /** Frees what it holds. */
  release(): Promise<void>
}

/** What is read of a prompt: its last P tokens. A model of P learned positions has no more. */
export const firstContext = (prompt: readonly number[], positions: number): number[] => prompt.slice(-positions)

/**
 * What is read with one more token: all of the text while the context of P tokens lasts; where it is full, the last half of the text
 * alone, floor(P / 2) tokens but at least one, so that the next P / 2 tokens cost one graph run each.
 */
export function nextContext(context: readonly number[], token: number, positions: number): number[] {
  const text = [...context, token]
  return text.length <= positions ? text : text.slice(-Math.max(1, Math.floor(positions / 2)))
}

/** How many of the tokens that are added to a prompt of `length` tokens are read from less than the whole text. */
export const countBeyond = (length: number, added: number, positions: number): number =>
  Math.max(0, Math.min(added, length + added - 1 - positions))

/** The length that a text of `length` tokens is padded to: the next power of two, at most `positions`. */
export const paddedLength = (length: number, positions: number): number =>
  Math.min(2 ** Math.ceil(Math.log2(length)), positions)

/** A decoder of any model: it computes the whole context for each token. */
export function createPlainDecoder(model: LanguageModel): Decoder {
  const { positions, vocabulary } = model.config
  let text: number[] = []
  const read = async (tokens: readonly number[]): Promise<Float32Array> => {
    if (tokens.length === 0) throw new RangeError('"tokens" expected at least one token')
    text = firstContext(tokens, positions)
    const padded = new Int32Array(paddedLength(text.length, positions))
    padded.set(text)
    const logits = await model.logits(padded, 1, padded.length) // [1, T, V]
    return logits.slice((text.length - 1) * vocabulary, text.length * vocabulary)
  }
  return {
    config: model.config,
    read,
    append: (token) => read(nextContext(text, token, positions)),
    release: async () => {},
  }
}

/** What is asked of {@link generateTokens}. */
export interface Generation extends Sampling {
  /** Tokens to add, an integer >= 0. */
  readonly count: number
  /** Tokens that end the text: the first of them is given, and none after it. Default: none. */
  readonly endTokens?: readonly number[] | undefined
  /** Unsigned 32-bit word for the token at this index of the text, prompt included. */
  word(index: number): number
  readonly signal?: AbortSignal | undefined
}

/**
 * Continues a text token by token. The token at index i of the text is drawn with word i, so that the same words give the
 * same text.
 * @param prompt tokens, at least one
 * @throws RangeError for the sampling or the prompt; the signal's reason when it aborts between two tokens
 */
export async function* generateTokens(
  decoder: Decoder,
  prompt: readonly number[],
  { count, endTokens = [], word, signal, ...sampling }: Generation,
): AsyncGenerator<number, void> {
  checkSampling(sampling)
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`"count" expected an integer >= 0, got ${count}`)
  let logits = count > 0 ? await decoder.read(prompt) : new Float32Array(0)
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted()
    const token = sampleToken(logits, sampling, word(prompt.length + i))
    yield token
    if (endTokens.includes(token)) return
    if (i + 1 < count) logits = await decoder.append(token)
  }
}
