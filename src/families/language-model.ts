import { int32, type TensorOf } from '../graph/index.js'
import type { BaseConfig } from './config.js'

/** Something that gives the logits of every next token: a dense model, or a pruned one. */
export interface LanguageModel {
  readonly config: BaseConfig
  /**
   * Logits [B, T, V] (float32, row-major).
   * @param tokens [B, T], each 0 <= token < V
   * @param batch B, an integer >= 1
   * @param length T, 1 <= T <= config.positions
   */
  logits(tokens: Int32Array, batch: number, length: number): Promise<Float32Array>
}

/** What an encoder reads beside its tokens. */
export interface EncoderInputs {
  /** [B, T]: 1 for a token, 0 for padding, which no token sees; at least one token a text. Default: no padding. */
  readonly mask?: Float32Array | undefined
  /** [B, T]: the type of each token; default: type 0. */
  readonly types?: Int32Array | undefined
}

/** Something that gives a vector a token: a dense encoder, or a pruned one. */
export interface Encoder {
  readonly config: BaseConfig
  /**
   * The last hidden states [B, T, d] (float32, row-major); those of padding mean nothing.
   * Arguments as for `LanguageModel.logits`.
   */
  hidden(tokens: Int32Array, batch: number, length: number, inputs?: EncoderInputs): Promise<Float32Array>
}

/**
 * Tokens as a graph's input [B, T], checked.
 * @throws TypeError unless the tokens are an Int32Array; RangeError for a size that does not fit or a token out of range
 */
export function tokenTensor(
  config: Pick<BaseConfig, 'positions' | 'vocabulary'>,
  tokens: Int32Array,
  batch: number,
  length: number,
): TensorOf<'int32'> {
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
