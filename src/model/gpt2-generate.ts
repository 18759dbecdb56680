import type { Gpt2Config } from './gpt2-config.js'
import { checkSampling, largestIndex, type Sampling, sampleToken } from './gpt2-sampling.js'
import type { LanguageModel } from './gpt2-tokens.js'

/**
 * Greedy continuation: the token of the largest logit (the lowest such token), appended, `count` times.
 * Only the last `config.positions` tokens are read when there are more.
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
 * {@link generateGreedy} for several prompts of one length, together.
 * Contexts are padded at the end to the next power of two (at most `config.positions`), which causal attention cannot
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

  const texts = prompts.map((prompt) => [...prompt])
  for (let step = 0; step < count; step++) {
    const read = Math.min(texts[0].length, positions)
    const padded = paddedLength(read, positions)
    const tokens = new Int32Array(texts.length * padded)
    for (const [row, text] of texts.entries()) tokens.set(text.slice(-read), row * padded)
    const logits = await model.logits(tokens, texts.length, padded) // [B, T, V]
    for (const [row, text] of texts.entries()) {
      const start = (row * padded + read - 1) * vocabulary
      text.push(largestIndex(logits.subarray(start, start + vocabulary)))
    }
  }
  return texts.map((text) => text.slice(promptLength))
}

/** Reads a text token by token. One text at a time: an answer is waited for before the next call. */
export interface Decoder {
  readonly config: Gpt2Config
  /**
   * Reads a text from its beginning; only the last `config.positions` tokens of a longer one.
   * @param tokens at least one
   * @returns logits of the token that follows, float32 [V]
   */
  read(tokens: readonly number[]): Promise<Float32Array>
  /**
   * Reads one more token. Where the context is full, the text is read anew from its last half ({@link slideContext}).
   * @returns logits of the token that follows, float32 [V]
   */
  append(token: number): Promise<Float32Array>
  /** Frees what it holds. */
  release(): Promise<void>
}

/** What remains of a text when the context is full: its last half, floor(P / 2) tokens but at least one. */
export const slideContext = (tokens: readonly number[], positions: number): number[] =>
  tokens.slice(-Math.max(1, Math.floor(positions / 2)))

/** The length that a text of `length` tokens is padded to: the next power of two, at most `positions`. */
export const paddedLength = (length: number, positions: number): number =>
  Math.min(2 ** Math.ceil(Math.log2(length)), positions)

/** A decoder of any model: it computes the whole context for each token. */
export function createPlainDecoder(model: LanguageModel): Decoder {
  const { positions, vocabulary } = model.config
  let text: number[] = []
  const read = async (tokens: readonly number[]): Promise<Float32Array> => {
    if (tokens.length === 0) throw new RangeError('"tokens" expected at least one token')
    text = tokens.slice(-positions)
    const padded = new Int32Array(paddedLength(text.length, positions))
    padded.set(text)
    const logits = await model.logits(padded, 1, padded.length) // [1, T, V]
    return logits.slice((text.length - 1) * vocabulary, text.length * vocabulary)
  }
  return {
    config: model.config,
    read,
    append: (token) => read(text.length < positions ? [...text, token] : slideContext([...text, token], positions)),
    release: async () => {},
  }
}

/** What is asked of {@link generateTokens}. */
export interface Generation extends Sampling {
  /** Tokens to add, an integer >= 0. */
  readonly count: number
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
  { count, word, signal, ...sampling }: Generation,
): AsyncGenerator<number, void> {
  checkSampling(sampling)
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`"count" expected an integer >= 0, got ${count}`)
  let logits = count > 0 ? await decoder.read(prompt) : new Float32Array(0)
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted()
    const token = sampleToken(logits, sampling, word(prompt.length + i))
    yield token
    if (i + 1 < count) logits = await decoder.append(token)
  }
}
