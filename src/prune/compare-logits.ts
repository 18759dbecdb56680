import type { BaseConfig } from '../families/config.js'
import type { LanguageModel } from '../families/language-model.js'
import { fillWords, type Seed } from '../random/index.js'

/** The stream that random inputs are drawn from: above every stream of weights. */
const INPUT_STREAM = 2 ** 51

/** Random token sequences that suit a model's size: many for a small one, one of 32 tokens for a wide one. */
function randomInputs(config: BaseConfig, seed: Seed): { tokens: Int32Array; batch: number; length: number } {
  const batch = config.width <= 128 ? 64 : 1
  const length = Math.min(config.positions, 32)
  const words = new Uint32Array(batch * length)
  fillWords(seed, INPUT_STREAM, 0, words)
  return { tokens: Int32Array.from(words, (word) => word % config.vocabulary), batch, length }
}

/**
 * A model's logits for random inputs: [batch, length, vocabulary].
 * @param config which names the inputs beside the seed: that of the model, or of the one it is compared with
 */
export function logitsOfRandomInputs(model: LanguageModel, seed: Seed, config = model.config): Promise<Float32Array> {
  const { tokens, batch, length } = randomInputs(config, seed)
  return model.logits(tokens, batch, length)
}

/** Largest absolute difference of two lists of equal length. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]))
  return largest
}

/** Largest absolute difference of the logits of two models for the same random inputs, which suit the first one's size. */
export async function compareLogits(a: LanguageModel, b: LanguageModel, seed: Seed): Promise<number> {
  return largestDifference(await logitsOfRandomInputs(a, seed), await logitsOfRandomInputs(b, seed, a.config))
}
