import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import type { Encoder, LanguageModel } from '../families/language-model.js'
import { fillWords, type Seed } from '../random/index.js'

/** A network of any family: dense, or pruned. */
export type Network = LanguageModel & Encoder

/** The stream that random inputs are drawn from: above every stream of weights. */
const INPUT_STREAM = 2 ** 51

/** What a network computes of tokens [B, T]: logits [B, T, V], or an encoder's hidden states [B, T, d]. */
export const resultOf = (model: Network, tokens: Int32Array, batch: number, length: number): Promise<Float32Array> =>
  familyOf(model.config).task === 'causal' ? model.logits(tokens, batch, length) : model.hidden(tokens, batch, length)

/** What {@link resultOf} is called: `logits` or `hidden states`. */
export const resultName = (config: BaseConfig): string =>
  familyOf(config).task === 'causal' ? 'logits' : 'hidden states'

/** Random token sequences that suit a model's size: many for a small one, one of 32 tokens for a wide one. */
function randomInputs(config: BaseConfig, seed: Seed): { tokens: Int32Array; batch: number; length: number } {
  const batch = config.width <= 128 ? 64 : 1
  const length = Math.min(config.positions, 32)
  const words = new Uint32Array(batch * length)
  fillWords(seed, INPUT_STREAM, 0, words)
  return { tokens: Int32Array.from(words, (word) => word % config.vocabulary), batch, length }
}

/**
 * A model's results for random inputs.
 * @param config which names the inputs beside the seed: that of the model, or of the one it is compared with
 */
export function resultsOfRandomInputs(model: Network, seed: Seed, config = model.config): Promise<Float32Array> {
  const { tokens, batch, length } = randomInputs(config, seed)
  return resultOf(model, tokens, batch, length)
}

/** Largest absolute difference of two lists of equal length. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]))
  return largest
}
