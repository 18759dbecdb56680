import { checkToken, oneStep, type Tokenizer } from './tokenizer.js'

/** What tokens are written as for a model of at most 26: A is token 0, B token 1 and so on. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

const FIRST = 65 // A

/**
 * One token a letter: A is 0, B is 1 and so on; for tasks, whose texts are letters alone.
 * @param letters of the alphabet, an integer from 1 to 26
 * @returns a tokenizer whose `encode` throws RangeError for anything else
 */
export function createLetterTokenizer(letters: number): Tokenizer {
  const tokensOf = (text: Uint8Array | string): Uint16Array =>
    Uint16Array.from(typeof text === 'string' ? new TextEncoder().encode(text) : text, (byte) => {
      const token = byte - FIRST
      checkToken(token, letters)
      return token
    })
  return {
    name: 'letters',
    vocabulary: letters,
    documentEnd: 0,
    endToken: null,
    byteLengths: new Uint8Array(letters).fill(1),
    encode: tokensOf,
    createEncoder: () => ({
      push: (bytes, take) => oneStep(() => take(tokensOf(bytes))),
      end: () => oneStep(() => 0),
    }),
    decode(tokens) {
      for (let i = 0; i < tokens.length; i++) checkToken(tokens[i], letters)
      return Uint8Array.from(tokens, (token) => FIRST + token)
    },
  }
}
