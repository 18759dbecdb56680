import { int32, type TensorOf } from '../graph/index.js'
import type { BaseConfig } from './config.js'

/** Something that gives the logits of every next token: a dense model of a causal family, or a pruned one. */
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
  /** [B, T]: 1 for a token, 0 for padding, which no token sees. Default: tokens alone. */
  readonly mask?: Int32Array | undefined
  /** [B, T]: the type of each token, 0 <= type < config.types. Default: 0. */
  readonly types?: Int32Array | undefined
}

/** Something that gives the hidden state of every token: a dense model of an encoder family, or a pruned one. */
export interface Encoder {
  readonly config: BaseConfig
  /**
   * Hidden states [B, T, d] (float32, row-major). Those of padding mean nothing.
   * @param tokens [B, T], each 0 <= token < V
   * @param batch B, an integer >= 1
   * @param length T, 1 <= T <= config.positions
   */
  hidden(tokens: Int32Array, batch: number, length: number, inputs?: EncoderInputs): Promise<Float32Array>
}

/**
 * Tokens as a graph's input [B, T], checked.
 * @throws TypeError unless the tokens are an Int32Array; RangeError for a size that does not fit or a token out of range
 */
export function tokenTensor(config: BaseConfig, tokens: Int32Array, batch: number, length: number): TensorOf<'int32'> {
  if (!Number.isSafeInteger(batch) || batch < 1) throw new RangeError(`"batch" expected an integer >= 1, got ${batch}`)
  if (!Number.isSafeInteger(length) || length < 1 || length > config.positions) {
    throw new RangeError(`"length" expected an integer from 1 to ${config.positions}, got ${length}`)
  }
  checkIndices('token', tokens, batch, length, config.vocabulary)
  return int32([batch, length], tokens)
}

/**
 * Checks numbers of rows of a table, [batch, length].
 * @param what the singular, for messages: `token`
 * @throws TypeError unless they are an Int32Array; RangeError for another count, or one that is not 0 <= index < rows
 */
export function checkIndices(what: string, values: Int32Array, batch: number, length: number, rows: number): void {
  if (!(values instanceof Int32Array)) throw new TypeError(`"${what}s" expected an Int32Array`)
  if (values.length !== batch * length) {
    throw new RangeError(`"${what}s" expected ${batch} x ${length} ${what}s, got ${values.length}`)
  }
  const bad = values.findIndex((value) => value < 0 || value >= rows)
  if (bad >= 0) throw new RangeError(`${what} ${bad} expected 0 <= ${what} < ${rows}, got ${values[bad]}`)
}
