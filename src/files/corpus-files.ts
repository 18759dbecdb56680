/** Reads corpora: text files, folders of them, and files of tokens. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  type Corpus,
  type CorpusFile,
  type CorpusPart,
  createTokenBuffer,
  loadTokenizer,
  NARROW_VOCABULARY,
  openText,
  type Steps,
  splitTokens,
  type TokenBuffer,
  type Tokenizer,
  type Tokens,
  tooShort,
} from '../data/index.js'
import { InputError } from '../safetensors/index.js'
import { type FoundText, findTexts, listed } from './corpus-walk.js'
import { type FileSource, openFile, refuseSystem } from './files.js'
import { gunzip } from './gunzip.js'
import { nodeSha256 } from './sha256.js'
import { checkTokens, findTokens, holdsTokens } from './token-files.js'

export interface CorpusOptions {
  /**
   * A text file; a folder, whose `.txt` and `.txt.gz` files at any depth are the documents, sorted by path and with the tokenizer's
   * `documentEnd` between two; or a file of tokens: `.bin` (uint16, or uint32 for a vocabulary of more than 65,536; little-endian, as
   * nanoGPT or llm.c write them) or `.safetensors` (a tensor `tokens`). Texts may be gzip, and UTF-16 with a byte order mark.
   */
  readonly data: string
  /** Another such path to validate on; without it the last tenth of the tokens does. */
  readonly valid?: string | undefined
  /** Name of a tokenizer, or a loaded one. */
  readonly tokenizer: string | Tokenizer
  /** Take the bytes of every file as they are, whatever they are: nothing is unpacked, rewritten or refused. Needs the tokenizer `bytes`. */
  readonly raw?: boolean | undefined
  /**
   * Read as corpora were read before files were looked at, for a run that was started then: bytes are taken as they are, with any
   * tokenizer, and hidden texts too.
   */
  readonly asBefore?: boolean | undefined
  /** Whether special tokens in a text are read letter by letter; see `EncodeOptions`. Default false. */
  readonly splitSpecialTokens?: boolean | undefined
  /** Tokens a window, an integer >= 1: both parts must have one. Not checked when absent. */
  readonly context?: number | undefined
  /** @param done of `total` bytes read, the total known once all files are found; @param path of the file */
  onProgress?(done: number, total: number, path: string): void
  readonly signal?: AbortSignal | undefined
}

/** Bytes read at once: the program stays responsive in between. */
const PIECE = 2 ** 20

/**
 * Reads and tokenises a corpus. Files are read in pieces, so little more than the tokens (two bytes each, or four of a vocabulary of more than 65,536) lies in memory: the
 * process takes at most 1.1 GB for a text of 540 MB as bytes, and 0.5 GB with GPT-2's vocabulary.
 * @throws InputError in one line when a path is missing, unreadable, empty, without text or tokens, no text or no tokens of this
 *   vocabulary, or too short for the context; RangeError for an unknown tokenizer, or `raw` with another than bytes; the signal's
 *   reason when it aborts
 */
export async function openCorpus(options: CorpusOptions): Promise<Corpus> {
  const { data, valid, raw = false } = options
  const tokenizer = typeof options.tokenizer === 'string' ? await loadTokenizer(options.tokenizer) : options.tokenizer
  if (raw && tokenizer.name !== 'bytes') {
    throw new RangeError(`"raw" expected --tokenizer bytes beside it, got ${tokenizer.name}`)
  }
  const warnings: string[] = []
  const found: Found[] = []
  for (const path of valid === undefined ? [data] : [data, valid]) found.push(await findPart(path, warnings, options))
  const total = found.reduce((sum, part) => sum + part.bytes, 0)
  const reading: Reading = { tokenizer, total, done: 0, specialTokens: 0, warnings, options }
  const read: ReadPart[] = []
  for (const part of found) read.push(await readPart(part, reading))

  const parts = read.map(({ part }) => part)
  const split = read.length === 2 ? { train: read[0].tokens, valid: read[1].tokens } : splitTokens(read[0].tokens)
  const corpus: Corpus = {
    name: parts.map(({ path }) => path).join(' and '),
    tokenizer,
    ...split,
    sha256: combine(parts),
    specialTokens: reading.specialTokens,
    parts,
    warnings: [...warnings, ...equalFiles(parts)],
  }
  const reason = options.context === undefined ? undefined : tooShort(corpus, options.context)
  if (reason !== undefined) throw new InputError(reason)
  return corpus
}

/** What is to be read for one path. */
interface Found {
  readonly path: string
  readonly texts: readonly FoundText[]
  readonly bytes: number
}

/** How far the whole is. */
interface Reading {
  readonly tokenizer: Tokenizer
  readonly total: number
  readonly warnings: string[]
  readonly options: Pick<CorpusOptions, 'raw' | 'asBefore' | 'splitSpecialTokens' | 'onProgress' | 'signal'>
  done: number
  specialTokens: number
}

interface ReadPart {
  readonly part: CorpusPart
  readonly tokens: Tokens
}

/** The files of a path, those of a folder without the empty ones. */
async function findPart(path: string, warnings: string[], options: CorpusOptions): Promise<Found> {
  const { asBefore, signal, onProgress } = options
  const info = await stat(path).catch((error) => refuseSystem(path, error))
  if (!info.isDirectory()) {
    if (info.isFile() && info.size === 0) throw new InputError(`${path}: empty`)
    // What is no file is refused when it is opened.
    return { path, texts: [{ path, name: basename(path), bytes: info.size }], bytes: info.size }
  }
  const onFound = (bytes: number, file: string) => onProgress?.(0, bytes, file)
  const { texts, empty, notes } = await findTexts(path, { asBefore, signal, onFound })
  warnings.push(...notes)
  if (texts.length === 0) {
    const reason = empty > 0 ? 'every .txt file in this folder is empty' : 'no .txt file in this folder'
    const leftOut = notes.map((note) => `; ${note.slice(path.length + 2)}`).join('') // without the path
    throw new InputError(`${path}: ${reason}${leftOut}`)
  }
  return { path, texts, bytes: texts.reduce((sum, text) => sum + text.bytes, 0) }
}

async function readPart({ path, texts, bytes }: Found, reading: Reading): Promise<ReadPart> {
  const { tokenizer, options } = reading
  const hasTokens = (file: string) => !options.raw && holdsTokens(file)
  const isOneEach = tokenizer.name === 'bytes' && !hasTokens(texts[0].path)
  // English has about 4 bytes a GPT-2 token; a file of tokens at least 2, or 4 where the vocabulary is wide.
  const isWide = tokenizer.vocabulary > NARROW_VOCABULARY
  const each = hasTokens(texts[0].path) && !isWide ? 2 : 4
  const expected = isOneEach ? bytes + texts.length - 1 : Math.ceil(bytes / each)
  const buffer = createTokenBuffer(tokenizer.vocabulary, expected)
  const files: CorpusFile[] = []
  for (const text of texts) {
    const file = await openFile(text.path)
    const before = buffer.length()
    let begun = before
    const append = (tokens: ArrayLike<number>) => {
      if (tokens.length > 0 && buffer.length() === before && before > 0) {
        buffer.append([tokenizer.documentEnd])
        begun++
      }
      buffer.append(tokens)
    }
    try {
      const { sha256, form } = await (hasTokens(text.path) ? readTokens : readText)(file, append, reading)
      files.push({ name: text.name, bytes: file.size, tokens: buffer.length() - begun, sha256, form })
    } finally {
      await file.close()
    }
  }
  const tokens = buffer.tokens()
  if (tokens.length === 0)
    throw new InputError(`${path}: ${texts.length === 1 ? 'no text in it' : 'no text in its files'}`)
  return { tokens, part: { path, files, bytes, tokens: tokens.length } }
}

type ReadFile = Pick<CorpusFile, 'sha256' | 'form'>
type Append = TokenBuffer['append']

/** Appends the tokens of a text. */
async function readText(file: FileSource, append: Append, reading: Reading): Promise<ReadFile> {
  const { name, size } = file
  const { tokenizer, options } = reading
  const { raw, asBefore, splitSpecialTokens, signal } = options
  const all = pieces(file, 0, size, reading)
  const advice = '--tokenizer bytes --raw reads any bytes as they are'
  const asIs = { form: raw ? 'raw' : 'text', pieces: all }
  const text = raw || asBefore ? asIs : await openText({ name, size, pieces: all, advice, gunzip })
  const hash = nodeSha256()
  const encoder = tokenizer.createEncoder({ splitSpecialTokens })
  const take = (tokens: Tokens) => {
    if (tokenizer.endToken !== null) {
      for (const token of tokens) if (token === tokenizer.endToken) reading.specialTokens++
    }
    append(tokens)
  }
  for await (const bytes of text.pieces) {
    signal?.throwIfAborted()
    hash.update(bytes)
    await withPauses(name, encoder.push(bytes, take), signal)
  }
  const replaced = await withPauses(name, encoder.end(take), signal)
  if (replaced > 0) {
    const what = replaced === 1 ? '1 sequence that is no UTF-8 was' : `${replaced} sequences that are no UTF-8 were`
    reading.warnings.push(`${name}: ${what} read as U+FFFD (--tokenizer bytes takes any bytes)`)
  }
  return { sha256: hash.digest(), form: text.form }
}

/**
 * Encodes with pauses, in which a signal is heard.
 * @throws InputError, with the name of the file, for what an encoder refuses in a text; the signal's reason when it aborts
 */
async function withPauses<T>(file: string, steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
  const step = () => {
    try {
      return steps.next()
    } catch (error) {
      throw error instanceof RangeError ? new InputError(`${file}: ${error.message}`) : error
    }
  }
  for (let { done, value } = step(); ; { done, value } = step()) {
    if (done) return value as T
    await new Promise((resume) => setImmediate(resume))
    signal?.throwIfAborted()
  }
}

/** Appends the tokens of a file of tokens. */
async function readTokens(file: FileSource, append: Append, reading: Reading): Promise<ReadFile> {
  const { asBefore } = reading.options
  const hash = nodeSha256()
  const { start, end, count, form, read } = await findTokens(file, reading.tokenizer.vocabulary, asBefore)
  if (count === 0) throw new InputError(`${file.name}: no tokens in it`)
  const check = checkTokens(file.name, reading.tokenizer, asBefore ? 'safetensors' : form)
  for await (const bytes of pieces(file, 0, start, reading)) hash.update(bytes)
  for await (const bytes of pieces(file, start, end, reading)) {
    hash.update(bytes)
    const tokens = read(bytes)
    check.take(tokens)
    append(tokens)
  }
  for await (const bytes of pieces(file, end, file.size, reading)) hash.update(bytes)
  const warning = check.end()
  if (warning !== undefined) reading.warnings.push(warning)
  return { sha256: hash.digest(), form }
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
function combine(parts: readonly CorpusPart[]): string {
  if (parts.length === 1 && parts[0].files.length === 1) return parts[0].files[0].sha256
  const hash = nodeSha256()
  const text = parts.map(({ files }) => files.map(({ sha256 }) => `${sha256}\n`).join('')).join('\n')
  hash.update(new TextEncoder().encode(text))
  return hash.digest()
}

/** Warns of equal files: what is in both parts is learned and validated on, what is twice in one counts twice. */
function equalFiles(parts: readonly CorpusPart[]): string[] {
  const [train, valid] = parts.map(({ files }) => byDigest(files))
  const name = (part: number, file: string) =>
    parts[part].files.length === 1 ? parts[part].path : `${parts[part].path}/${file}`
  const pairs = [...train.keys()].filter((digest) => valid?.has(digest))
  const both = pairs.map((digest) => `${name(0, train.get(digest)![0])} = ${name(1, valid.get(digest)![0])}`)
  const warnings = both.length === 0 ? [] : [`warning: equal files train and validate: ${listed(both)}`]
  for (const [part, files] of [train, valid].entries()) {
    const twice = [...(files?.values() ?? [])].filter((names) => names.length > 1)
    if (twice.length === 0) continue
    warnings.push(
      `warning: ${parts[part].path}: equal files are read more than once: ${listed(twice.map((names) => names.join(' = ')))}`,
    )
  }
  return warnings
}

/** Names of files by their digests, files without tokens left out. */
function byDigest(files: readonly CorpusFile[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { name, sha256, tokens } of files) {
    if (tokens > 0) found.set(sha256, [...(found.get(sha256) ?? []), name])
  }
  return found
}
