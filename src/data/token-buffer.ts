/** A growing array of tokens. */
export interface TokenBuffer {
  append(tokens: ArrayLike<number>): void
  /** How many tokens there are. */
  length(): number
  /** The tokens so far, a view without a copy; call it when all are there. */
  tokens(): Uint16Array
}

/** @param expected how many tokens will come, as well as is known; then nothing is copied */
export function createTokenBuffer(expected: number): TokenBuffer {
  let room = new Uint16Array(expected)
  let length = 0
  return {
    append(tokens) {
      if (length + tokens.length > room.length) {
        const larger = new Uint16Array(Math.ceil(1.5 * (length + tokens.length)))
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
