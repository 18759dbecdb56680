import type { Tokens } from './token-buffer.js'
import { checkToken, type Tokenizer } from './tokenizer.js'

/** A file as it was read. */
export interface CorpusFile {
  /** Within its part: the path in a folder, with slashes; of a file that was given itself its own name. */
  readonly name: string
  /** As it lies on the disk. */
  readonly bytes: number
  readonly tokens: number
  /** SHA-256, 64 hexadecimal digits: of a text as UTF-8, which is the file's own where the form is `text`; of a file of tokens its own. */
  readonly sha256: string
  /** How it was read: `text`, `gzip`, `UTF-16LE`, `gzip, UTF-16LE`, `raw`, `uint16`, `uint32`, `llm.c`, `safetensors`, ... */
  readonly form: string
}

/** What was read for one path. */
export interface CorpusPart {
  readonly path: string
  readonly files: readonly CorpusFile[]
  /** Of all files. */
  readonly bytes: number
  /** With one between two files. */
  readonly tokens: number
}

/** A text as tokens, in a part to learn from and a part to validate on. */
export interface Corpus {
  /** Where it came from, for messages. */
  readonly name: string
  readonly tokenizer: Tokenizer
  /** [n], each 0 <= token < tokenizer.vocabulary. */
  readonly train: Tokens
  readonly valid: Tokens
  /**
   * SHA-256 of what was read, 64 hexadecimal digits: of a single file its own (see {@link CorpusFile}); of several, that of their
   * digests, each in hexadecimal on a line, with an empty line between those that train and those that validate.
   */
  readonly sha256: string
  /** How many special tokens (`<|endoftext|>`) the texts hold that were read as such, not counting those between documents. */
  readonly specialTokens: number
  /** What was read: one part that is split, or one to train on and one to validate on; none where nothing was read. */
  readonly parts: readonly CorpusPart[]
  /** What the user should know, a line each. */
  readonly warnings: readonly string[]
}

/** What was read, in a line: `train: 3 files, 1,003,854 bytes, 1,003,856 tokens; valid: ...`; empty where nothing was. */
export function describeParts({ parts, train, valid }: Pick<Corpus, 'parts' | 'train' | 'valid'>): string {
  if (parts.length === 2) return `train: ${describePart(parts[0])}; valid: ${describePart(parts[1])}`
  if (parts.length === 0) return ''
  return `read: ${describePart(parts[0])}; the first ${number(train.length)} train, the last ${number(valid.length)} validate`
}

/** `3 files, 1,003,854 bytes, 1,003,856 tokens`; with how many were no plain text or tokens. */
function describePart({ files, bytes, tokens }: CorpusPart): string {
  const forms = new Map<string, number>()
  for (const { form } of files) if (form !== 'text') forms.set(form, (forms.get(form) ?? 0) + 1)
  const said = [...forms].map(([form, count]) => (files.length === 1 ? form : `${number(count)} ${form}`)).join('; ')
  const counted = `${number(files.length)} ${files.length === 1 ? 'file' : 'files'}`
  return `${counted}, ${number(bytes)} bytes, ${number(tokens)} tokens${said === '' ? '' : ` (${said})`}`
}

const number = (value: number): string => value.toLocaleString('en-US')

/** The part of a text that validates where no other text does: the last floor(n / 10) tokens. */
export function splitTokens(tokens: Tokens): { train: Tokens; valid: Tokens } {
  const trained = tokens.length - Math.floor(tokens.length / 10)
  return { train: tokens.subarray(0, trained), valid: tokens.subarray(trained) }
}

/** Bytes of text that tokens stand for. */
export function bytesOfTokens(tokenizer: Tokenizer, tokens: ArrayLike<number>): number {
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
