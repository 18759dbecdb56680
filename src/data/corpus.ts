import { checkToken, type Tokenizer } from './tokenizer.js'

/** A text as tokens, in a part to learn from and a part to validate on. */
export interface Corpus {
  /** Where it came from, for messages. */
  readonly name: string
  readonly tokenizer: Tokenizer
  /** [n], each 0 <= token < tokenizer.vocabulary. */
  readonly train: Uint16Array
  readonly valid: Uint16Array
  /**
   * SHA-256 of what was read, 64 hexadecimal digits: of a single file its own; of several, that of their digests, each
   * in hexadecimal on a line, with an empty line between those that train and those that validate.
   */
  readonly sha256: string
  /** How many special tokens (`<|endoftext|>`) the texts hold that were read as such, not counting those between documents. */
  readonly specialTokens: number
  /** What the user should know, a line each. */
  readonly warnings: readonly string[]
}

/** The part of a text that validates where no other text does: the last floor(n / 10) tokens. */
export function splitTokens(tokens: Uint16Array): { train: Uint16Array; valid: Uint16Array } {
  const trained = tokens.length - Math.floor(tokens.length / 10)
  return { train: tokens.subarray(0, trained), valid: tokens.subarray(trained) }
}

/** Bytes of text that tokens stand for. */
export function bytesOfTokens(tokenizer: Tokenizer, tokens: Uint16Array): number {
  const { byteLengths, vocabulary } = tokenizer
  let bytes = 0
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] >= vocabulary) checkToken(tokens[i], vocabulary)
    bytes += byteLengths[tokens[i]]
  }
  return bytes
}

/**
 * A loss in bits a byte of text, which compares tokenizers: nats / ln 2 * tokens / bytes.
 * @param nats mean loss a token
 * @param tokens how many tokens stand for the bytes, >= 0
 * @param bytes > 0
 */
export function bitsPerByte(nats: number, tokens: number, bytes: number): number {
  if (!(bytes > 0)) throw new RangeError(`"bytes" expected a number > 0, got ${bytes}`)
  return ((nats / Math.LN2) * tokens) / bytes
}

/**
 * Why a corpus has no windows of a length to train and to validate on; undefined when it has.
 * @param context T, tokens a window, an integer >= 1
 */
export function tooShort({ name, train, valid }: Corpus, context: number): string | undefined {
  const needed = context + 1
  if (train.length >= needed && valid.length >= needed) return undefined
  const found = `${train.length} tokens train, ${valid.length} validate`
  return `${name}: ${found}; a context of ${context} needs at least ${needed} of each`
}
