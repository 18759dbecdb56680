/**
 * Tokens in a row, each an integer in 0..V-1. They take 16 bits each where the vocabulary fits in them, so that a corpus of bytes or of
 * GPT-2's tokens takes two bytes a token, and 32 bits where it does not (Llama 3, Qwen2).
 */
export type Tokens = Uint16Array | Uint32Array

/** The largest vocabulary whose tokens are 16-bit numbers, 65,536. */
export const NARROW_VOCABULARY = 2 ** 16

/**
 * Tokens, all 0.
 * @param vocabulary V, an integer >= 1
 * @param length an integer >= 0
 */
export const createTokens = (vocabulary: number, length: number): Tokens =>
  vocabulary <= NARROW_VOCABULARY ? new Uint16Array(length) : new Uint32Array(length)

/** A growing array of tokens. */
export interface TokenBuffer {
  append(tokens: ArrayLike<number>): void
  /** How many tokens there are. */
  length(): number
  /** The tokens so far, a view without a copy; call it when all are there. */
  tokens(): Tokens
}

/**
 * @param vocabulary V: every token that is appended is an integer in 0..V-1
 * @param expected how many tokens will come, as well as is known; then nothing is copied
 */
export function createTokenBuffer(vocabulary: number, expected: number): TokenBuffer {
  let room = createTokens(vocabulary, expected)
  let length = 0
  return {
    append(tokens) {
      if (length + tokens.length > room.length) {
        const larger = createTokens(vocabulary, Math.ceil(1.5 * (length + tokens.length)))
        larger.set(room.subarray(0, length))
        room = larger
      }
      room.set(tokens, length)
      length += tokens.length
    },
    length: () => length,
    tokens: () => room.subarray(0, length),
  }
}
