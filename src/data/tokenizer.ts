/**
 * What turns text into tokens. Both tokenizers here are lossless on UTF-8 text, and both vocabularies fit in 16 bits, so a
 * corpus is one Uint16Array.
 */

export const tokenizerNames = ['bytes', 'gpt2'] as const

export type TokenizerName = (typeof tokenizerNames)[number]

export interface Tokenizer {
  /** `letters` is of tasks: it has no text of its own to be loaded for. */
  readonly name: TokenizerName | 'letters'
  /** Number of tokens V; a token is an integer in 0..V-1. */
  readonly vocabulary: number
  /** The token between the documents of a corpus: 0 for bytes, 50256 (`<|endoftext|>`) for GPT-2. */
  readonly documentEnd: number
  /** Bytes of text that each token stands for, [V]; 0 for `<|endoftext|>`. */
  readonly byteLengths: Uint8Array
  /**
   * The tokens of a whole text. No text becomes a special token: `<|endoftext|>` in it is read letter by letter.
   * @param text UTF-8, or a string; what is not sound Unicode becomes U+FFFD, but for bytes given to `bytes`
   */
  encode(text: Uint8Array | string): Uint16Array
  /** An encoder of one text in pieces. */
  createEncoder(): StreamEncoder
  /**
   * The bytes that tokens stand for, not necessarily whole characters.
   * @throws RangeError for a token that is no integer in 0..V-1
   */
  decode(tokens: ArrayLike<number>): Uint8Array
}

/** Takes what an encoder makes of a piece of text; the array may be written over afterwards. */
export type TakeTokens = (tokens: Uint16Array) => void

/**
 * Lets other work run, and throws to stop this one. Encoders await it about every 100 ms within a piece that takes longer: a text
 * without white space is encoded all at once, wherever its pieces end.
 */
export type Pause = () => Promise<void>

/** Encodes a text that comes in pieces; together the tokens are those of the whole, wherever it was cut. Await each call. */
export interface StreamEncoder {
  /** @param bytes the next piece, cut anywhere */
  push(bytes: Uint8Array, take: TakeTokens, pause?: Pause): Promise<void>
  /**
   * Ends the text.
   * @returns how many ill-formed UTF-8 sequences became U+FFFD (0 for `bytes`, which takes any)
   */
  end(take: TakeTokens, pause?: Pause): Promise<number>
}

/** Throws RangeError unless `token` is one of the vocabulary. */
export function checkToken(token: number, vocabulary: number): void {
  if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
    throw new RangeError(`"token" expected an integer from 0 to ${vocabulary - 1}, got ${token}`)
  }
}
