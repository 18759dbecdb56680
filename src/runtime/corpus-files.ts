/** Reads corpora: text files, folders of them, and files of tokens. */
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import {
  type Corpus,
  createTokenBuffer,
  loadTokenizer,
  splitTokens,
  type TokenBuffer,
  type Tokenizer,
  tooShort,
} from '../data/index.js'
import { InputError } from '../safetensors/index.js'
import { type FileSource, openFile, refuseSystem } from './files.js'
import { nodeSha256 } from './sha256.js'
import { checkTokens, findTokens, holdsTokens } from './token-files.js'

export interface CorpusOptions {
  /**
   * A text file; a folder, whose `.txt` files at any depth are the documents, sorted by path and with the tokenizer's
   * `documentEnd` between two; or a file of tokens: `.bin` (uint16, little-endian) or `.safetensors` (a tensor `tokens`).
   */
  readonly data: string
  /** Another such path to validate on; without it the last tenth of the tokens does. */
  readonly valid?: string | undefined
  /** Name of a tokenizer, or a loaded one. */
  readonly tokenizer: string | Tokenizer
  /** Whether special tokens in a text are read letter by letter; see `EncodeOptions`. Default false. */
  readonly splitSpecialTokens?: boolean | undefined
  /** Tokens a window, an integer >= 1: both parts must have one. Not checked when absent. */
  readonly context?: number | undefined
  /** @param done of `total` bytes read; @param path of the file */
  onProgress?(done: number, total: number, path: string): void
  readonly signal?: AbortSignal | undefined
}

/** Bytes read and encoded at once: the program stays responsive in between. */
const PIECE = 1 << 20

/**
 * Reads and tokenises a corpus. Files are read in pieces, so little more than the tokens (two bytes each) lies in memory: the
 * process takes at most 1.1 GB for a text of 540 MB as bytes, and 0.5 GB with GPT-2's vocabulary.
 * @throws InputError in one line when a path is missing, unreadable, empty, without text or tokens, or too short for the
 *   context; RangeError for an unknown tokenizer; the signal's reason when it aborts
 */
export async function openCorpus(options: CorpusOptions): Promise<Corpus> {
  const { data, valid } = options
  const tokenizer = typeof options.tokenizer === 'string' ? await loadTokenizer(options.tokenizer) : options.tokenizer
  const parts = await Promise.all([data, ...(valid === undefined ? [] : [valid])].map(findPart))
  const total = parts.reduce((sum, part) => sum + part.bytes, 0)
  const reading: Reading = { tokenizer, total, done: 0, specialTokens: 0, warnings: [], options }
  const read: ReadPart[] = []
  for (const part of parts) read.push(await readPart(part, reading))

  const split = read.length === 2 ? { train: read[0].tokens, valid: read[1].tokens } : splitTokens(read[0].tokens)
  const corpus: Corpus = {
    name: parts.map(({ path }) => path).join(' and '),
    tokenizer,
    ...split,
    sha256: combine(read.map(({ digests }) => digests)),
    specialTokens: reading.specialTokens,
    warnings: reading.warnings,
  }
  const reason = options.context === undefined ? undefined : tooShort(corpus, options.context)
  if (reason !== undefined) throw new InputError(reason)
  return corpus
}

/** What is read for one path. */
interface Part {
  readonly path: string
  readonly files: readonly string[]
  readonly bytes: number
}

/** How far the whole is. */
interface Reading {
  readonly tokenizer: Tokenizer
  readonly total: number
  readonly warnings: string[]
  readonly options: Pick<CorpusOptions, 'onProgress' | 'signal' | 'splitSpecialTokens'>
  done: number
  specialTokens: number
}

interface ReadPart {
  readonly tokens: Uint16Array
  /** SHA-256 of each file. */
  readonly digests: readonly string[]
}

/** The files of a path, those of a folder without the empty ones. */
async function findPart(path: string): Promise<Part> {
  const info = await stat(path).catch((error) => refuseSystem(path, error))
  if (!info.isDirectory()) {
    if (info.isFile() && info.size === 0) throw new InputError(`${path}: empty`)
    return { path, files: [path], bytes: info.size } // what is no file is refused when it is opened
  }
  const names = await readdir(path, { recursive: true }).catch((error) => refuseSystem(path, error))
  const texts = names.filter((name) => /\.txt$/i.test(name)).map((name) => name.split(sep).join('/'))
  const files: string[] = []
  let bytes = 0
  for (const name of texts.sort()) {
    const file = join(path, name)
    const entry = await stat(file).catch((error) => refuseSystem(file, error))
    if (!entry.isFile() || entry.size === 0) continue // a folder may be named so too
    files.push(file)
    bytes += entry.size
  }
  if (texts.length === 0) throw new InputError(`${path}: no .txt file in this folder`)
  if (files.length === 0) throw new InputError(`${path}: every .txt file in this folder is empty`)
  return { path, files, bytes }
}

async function readPart({ files, bytes }: Part, reading: Reading): Promise<ReadPart> {
  const { tokenizer } = reading
  const isOneEach = tokenizer.name === 'bytes' && !holdsTokens(files[0])
  // English has about 4 bytes a GPT-2 token; a file of tokens at least 2.
  const expected = isOneEach ? bytes + files.length - 1 : Math.ceil(bytes / (holdsTokens(files[0]) ? 2 : 4))
  const buffer = createTokenBuffer(expected)
  const digests: string[] = []
  for (const [i, path] of files.entries()) {
    if (i > 0) buffer.append([tokenizer.documentEnd])
    const file = await openFile(path)
    try {
      digests.push(await (holdsTokens(path) ? readTokens : readText)(file, buffer, reading))
    } finally {
      await file.close()
    }
  }
  return { tokens: buffer.tokens(), digests }
}

/** Appends the tokens of a text; returns its SHA-256. */
async function readText(file: FileSource, buffer: TokenBuffer, reading: Reading): Promise<string> {
  const hash = nodeSha256()
  const { tokenizer, options } = reading
  const encoder = tokenizer.createEncoder({ splitSpecialTokens: options.splitSpecialTokens })
  const take = (tokens: Uint16Array) => {
    if (tokenizer.endToken !== null) {
      for (const token of tokens) if (token === tokenizer.endToken) reading.specialTokens++
    }
    buffer.append(tokens)
  }
  for await (const bytes of pieces(file, 0, file.size, reading)) {
    hash.update(bytes)
    named(file.name, () => encoder.push(bytes, take))
  }
  const replaced = named(file.name, () => encoder.end(take))
  if (replaced > 0) {
    const what = replaced === 1 ? '1 sequence that is no UTF-8 was' : `${replaced} sequences that are no UTF-8 were`
    reading.warnings.push(`${file.name}: ${what} read as U+FFFD (--tokenizer bytes takes any bytes)`)
  }
  return hash.digest()
}

/** What an encoder refuses in a text, with the name of the file. */
function named<T>(file: string, encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    throw error instanceof RangeError ? new InputError(`${file}: ${error.message}`) : error
  }
}

/** Appends the tokens of a file of tokens; returns the SHA-256 of the file. */
async function readTokens(file: FileSource, buffer: TokenBuffer, reading: Reading): Promise<string> {
  const hash = nodeSha256()
  const { start, end, count, read } = await findTokens(file)
  if (count === 0) throw new InputError(`${file.name}: no tokens in it`)
  for await (const bytes of pieces(file, 0, start, reading)) hash.update(bytes)
  let first = 0
  for await (const bytes of pieces(file, start, end, reading)) {
    hash.update(bytes)
    const tokens = read(bytes)
    checkTokens(file.name, reading.tokenizer, tokens, first)
    buffer.append(tokens)
    first += tokens.length
  }
  for await (const bytes of pieces(file, end, file.size, reading)) hash.update(bytes)
  return hash.digest()
}

/** The bytes `start`..`end - 1` of a file, piece by piece. */
async function* pieces(file: FileSource, start: number, end: number, reading: Reading): AsyncGenerator<Uint8Array> {
  const { onProgress, signal } = reading.options
  for (let at = start; at < end; at += PIECE) {
    signal?.throwIfAborted()
    const bytes = await file.read(at, Math.min(PIECE, end - at))
    yield bytes
    reading.done += bytes.length
    onProgress?.(reading.done, reading.total, file.name)
  }
}

/** One digest of the files that train and those that validate; see `Corpus.sha256`. */
function combine(parts: readonly (readonly string[])[]): string {
  if (parts.length === 1 && parts[0].length === 1) return parts[0][0]
  const hash = nodeSha256()
  hash.update(
    new TextEncoder().encode(parts.map((digests) => digests.map((digest) => `${digest}\n`).join('')).join('\n')),
  )
  return hash.digest()
}
