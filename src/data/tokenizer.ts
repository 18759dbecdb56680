/**
 * What turns text into tokens. The tokenizers of this folder are lossless on UTF-8 text (but for the special tokens in it). One of a
 * model's folder (`interop/folder-tokenizer.ts`) may not be: BERT's makes all letters small.
 */
import type { Tokens } from './token-buffer.js'

export const tokenizerNames = ['bytes', 'gpt2'] as const

export type TokenizerName = (typeof tokenizerNames)[number]

export const isTokenizerName = (name: string): name is TokenizerName => tokenizerNames.some((own) => own === name)

export interface Tokenizer {
  /** `letters` is of tasks, `folder` of a model's folder: neither can be loaded by its name. */
  readonly name: TokenizerName | 'letters' | 'folder'
  /** Number of tokens V; a token is an integer in 0..V-1. */
  readonly vocabulary: number
  /** The token between the documents of a corpus: 0 for bytes, 50256 (`<|endoftext|>`) for GPT-2. */
  readonly documentEnd: number
  /** The token at which a text that is generated ends: 50256 for GPT-2, null where there is none. */
  readonly endToken: number | null
  /** Bytes of text that each token stands for within a text, [V]; 0 for special tokens such as `<|endoftext|>`. */
  readonly byteLengths: Uint8Array | Uint16Array
  /**
   * The tokens of a whole text. As in transformers, `<|endoftext|>` in it is GPT-2's token 50256; to `bytes` it is 13 bytes.
   * @param text UTF-8, or a string; what is not sound Unicode becomes U+FFFD, but for bytes given to `bytes`
   * @throws RangeError where 2^25 letters (or digits, or other characters) follow each other, but not for `bytes`
   */
  encode(text: Uint8Array | string, options?: EncodeOptions): Tokens
  /** An encoder of one text in pieces. */
  createEncoder(options?: EncodeOptions): StreamEncoder
  /**
   * The bytes that tokens stand for, not necessarily whole characters; special tokens stand for none.
   * @throws RangeError for a token that is no integer in 0..V-1
   */
  decode(tokens: ArrayLike<number>, options?: DecodeOptions): Uint8Array
}

/** The name by which a tokenizer can be loaded; null where it has none. */
export const loadableName = (name: Tokenizer['name']): TokenizerName | null =>
  name === 'letters' || name === 'folder' ? null : name

export interface EncodeOptions {
  /**
   * Whether special tokens in the text are read letter by letter, as by transformers' option `split_special_tokens`.
   * Default false.
   */
  readonly splitSpecialTokens?: boolean | undefined
  /**
   * Whether the tokens come too that a model's folder puts around a text: `[CLS]` and `[SEP]`, `<s>`. Bytes and GPT-2 have none.
   * Default false.
   */
  readonly addSpecialTokens?: boolean | undefined
}

export interface DecodeOptions {
  /**
   * Whether text comes before these tokens. Some folders' tokenizers put a space before the first word of a text, and take it away
   * when they decode; within a text it stays. Bytes and GPT-2 do neither. Default false.
   */
  readonly continues?: boolean | undefined
}

/** Takes what an encoder makes of a piece of text; the array may be written over afterwards. */
export type TakeTokens = (tokens: Tokens) => void

/**
 * Work in steps of at most about 100 ms. Nothing is done before it is iterated: {@link atOnce} does all of it; who pauses between two
 * steps lets other work run, and may leave the rest.
 */
export type Steps<T> = Generator<void, T, void>

/** Does all steps of some work; returns its result. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Work that is done in one step. */
// biome-ignore lint/correctness/useYield: there is no second step to pause before
export function* oneStep<T>(work: () => T): Steps<T> {
  return work()
}

/** Encodes a text that comes in pieces; together the tokens are those of the whole, wherever it was cut. Do all steps of each call. */
export interface StreamEncoder {
  /** @param bytes the next piece, cut anywhere */
  push(bytes: Uint8Array, take: TakeTokens): Steps<void>
  /**
   * Ends the text. A word that is as long as the text is encoded here.
   * @returns how many ill-formed UTF-8 sequences became U+FFFD (0 for `bytes`, which takes any)
   */
  end(take: TakeTokens): Steps<number>
}

/** Throws RangeError unless `token` is one of the vocabulary. */
export function checkToken(token: number, vocabulary: number): void {
  if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
    throw new RangeError(`"token" expected an integer from 0 to ${vocabulary - 1}, got ${token}`)
  }
}
