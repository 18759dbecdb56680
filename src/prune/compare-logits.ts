import type { Gpt2Config } from '../model/gpt2-config.js'
import type { LanguageModel } from '../model/gpt2-tokens.js'
import { fillWords, type Seed } from '../random/index.js'

/** The stream that random inputs are drawn from: above every stream of weights. */
const INPUT_STREAM = 2 ** 51

/** Random token sequences that suit a model's size: many for a small one, one of 32 tokens for a wide one. */
function randomInputs(config: Gpt2Config, seed: Seed): { tokens: Int32Array; batch: number; length: number } {
  const batch = config.width <= 128 ? 64 : 1
  const length = Math.min(config.positions, 32)
  const words = new Uint32Array(batch * length)
  fillWords(seed, INPUT_STREAM, 0, words)
  return { tokens: Int32Array.from(words, (word) => word % config.vocabulary), batch, length }
}

/** Largest absolute difference of the logits of two models on random inputs. */
export async function compareLogits(a: LanguageModel, b: LanguageModel, seed: Seed): Promise<number> {
  const { tokens, batch, length } = randomInputs(a.config, seed)
  const ofA = await a.logits(tokens, batch, length)
  const ofB = await b.logits(tokens, batch, length)
  let largest = 0
  for (let i = 0; i < ofA.length; i++) largest = Math.max(largest, Math.abs(ofA[i] - ofB[i]))
  return largest
}
