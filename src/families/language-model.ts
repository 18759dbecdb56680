import { int32, type TensorOf } from '../graph/index.js'
import type { Gpt2Config } from './gpt2/config.js'

/** Something that gives the logits of every next token: the dense GPT-2, or a pruned one. */
export interface LanguageModel {
  readonly config: Gpt2Config
  /**
   * Logits [B, T, V] (float32, row-major).
   * @param tokens [B, T], each 0 <= token < V
   * @param batch B, an integer >= 1
   * @param length T, 1 <= T <= config.positions
   */
  logits(tokens: Int32Array, batch: number, length: number): Promise<Float32Array>
}

/**
 * Tokens as a graph's input [B, T], checked.
 * @throws TypeError unless the tokens are an Int32Array; RangeError for a size that does not fit or a token out of range
 */
export function tokenTensor(config: Gpt2Config, tokens: Int32Array, batch: number, length: number): TensorOf<'int32'> {
  if (!(tokens instanceof Int32Array)) throw new TypeError('"tokens" expected an Int32Array')
  if (!Number.isSafeInteger(batch) || batch < 1) throw new RangeError(`"batch" expected an integer >= 1, got ${batch}`)
  if (!Number.isSafeInteger(length) || length < 1 || length > config.positions) {
    throw new RangeError(`"length" expected an integer from 1 to ${config.positions}, got ${length}`)
  }
  if (tokens.length !== batch * length) {
    throw new RangeError(`"tokens" expected ${batch} x ${length} tokens, got ${tokens.length}`)
  }
  const bad = tokens.findIndex((token) => token < 0 || token >= config.vocabulary)
  if (bad >= 0) {
    throw new RangeError(`token ${bad} expected 0 <= token < ${config.vocabulary}, got ${tokens[bad]}`)
  }
  return int32([batch, length], tokens)
}
