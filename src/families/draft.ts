import type { Decoder } from './generate.js'
import type { LanguageModel } from './language-model.js'
import { largestIndex } from './sampling.js'

/** A greedy text, and how it came about. */
export interface DraftedText {
  /** The tokens added, each the model's own likeliest. */
  readonly tokens: readonly number[]
  /** How many of the first ones the draft had foreseen. */
  readonly foreseen: number
  /** Passes of the model. */
  readonly passes: number
}

/**
 * The greedy continuation of a prompt by a model that is slow a pass, with another one that guesses ahead (speculative decoding, Leviathan et
 * al. 2023, without sampling). A guess of many tokens is read in one pass; what the model would have written itself is kept up to its first
 * difference from the guess, and from there the draft guesses anew. So every token is the model's own, as by `generateGreedy`, but for
 * what rounding makes of texts of another length.
 * @param draft a decoder with the same vocabulary
 * @param prompt tokens, at least one; with `count` no more than `positions`
 * @param count tokens to add, an integer >= 1
 * @param onTokens told of tokens as they are certain
 */
export async function generateWithDraft(
  model: LanguageModel,
  draft: Decoder,
  prompt: readonly number[],
  count: number,
  onTokens: (tokens: readonly number[]) => void = () => {},
): Promise<DraftedText> {
  const { positions, vocabulary: V } = model.config
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`"count" expected an integer >= 1, got ${count}`)
  if (prompt.length < 1 || prompt.length + count > positions) {
    throw new RangeError(
      `"prompt" expected 1 to ${positions - count} tokens with a count of ${count}, got ${prompt.length}`,
    )
  }
  const tokens: number[] = []
  let [passes, foreseen] = [0, 0]
  while (tokens.length < count) {
    const text = [...prompt, ...tokens]
    const guess: number[] = []
    let logits = await draft.read(text)
    while (guess.length < count - tokens.length) {
      guess.push(largestIndex(logits))
      if (guess.length < count - tokens.length) logits = await draft.append(guess[guess.length - 1])
    }
    const read = Int32Array.from([...text, ...guess.slice(0, -1)])
    const own = await model.logits(read, 1, read.length) // [1, T, V]
    passes++
    const found = guess.map((_, i) => {
      const at = (text.length - 1 + i) * V
      return largestIndex(own.subarray(at, at + V))
    })
    const differs = found.findIndex((token, i) => token !== guess[i])
    const certain = differs < 0 ? found : found.slice(0, differs + 1)
    if (passes === 1) foreseen = differs < 0 ? found.length : differs
    tokens.push(...certain)
    onTokens(certain)
  }
  return { tokens, foreseen, passes }
}
