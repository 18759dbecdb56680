/** Reads the bytes of a text file as UTF-8: gzip is unpacked, UTF-16 rewritten, and what is no text is refused. */
import { InputError } from '../safetensors/index.js'
import { encodingOf, HEAD_BYTES, hasZeroHalves, isGzip, type TextEncoding, tooManyControls } from './text-form.js'

/** Pieces of a file, one after another. */
export type Pieces = AsyncIterable<Uint8Array>

/** A text that is open for reading once. */
export interface OpenedText {
  /** How the bytes of the file are read: `text`, `UTF-16LE`, `gzip`, `gzip, UTF-16LE`, ... */
  readonly form: string
  /** The text as UTF-8; where the form is `text`, the very bytes of the file. */
  readonly pieces: Pieces
}

/** A file that may be a text. */
export interface TextFile {
  /** What messages call it. */
  readonly name: string
  /** Bytes, an integer >= 0. */
  readonly size: number
  readonly pieces: Pieces
  /** What messages advise where it is no text. */
  readonly advice?: string | undefined
  /** Unpacks gzip by the platform's own decoder; throws where it is unsound or ends early. */
  gunzip(packed: Pieces): Pieces
}

/**
 * Unpacked, a text has at most so many times its bytes as gzip, once it is larger than `UNPACKED_FREELY`. English has 3 times
 * as many, logs 10 to 50; deflate reaches 1,032, on bytes that are all alike.
 */
const MOST_RATIO = 250
const UNPACKED_FREELY = 2 ** 26

/** Pieces are judged by so many bytes at once, so that a text in front of other bytes does not hide them. */
const JUDGED = 2 ** 16

/**
 * Opens a text: a byte order mark tells UTF-16, the magic number gzip, and other magic numbers what is no text. A byte order mark
 * of UTF-8 stays a character of the text (U+FEFF), as in Python and in transformers; that of UTF-16 goes with its encoding.
 * @throws InputError here or while it is read: for what is no text, for unsound gzip or UTF-16, and for gzip that unpacks
 *   to more than 64 MiB and 250 times its size; what the pieces throw
 */
export async function openText({ name, size, pieces, advice, gunzip }: TextFile): Promise<OpenedText> {
  const refuse: Refuse = (reason) => {
    throw new InputError(`${name}: ${reason}${advice === undefined ? '' : ` (${advice})`}`)
  }
  const encodingIn = (head: Uint8Array, verb: string): TextEncoding => {
    const told = encodingOf(head)
    return 'encoding' in told ? told.encoding : refuse(`${verb} ${told.other}, which is not read as a text`)
  }
  const file = await peek(pieces)
  if (!isGzip(file.head)) {
    const encoding = encodingIn(file.head, 'is')
    return { form: encoding, pieces: decoded(name, file.pieces, encoding, refuse) }
  }
  const unpacked = await peek(refusingUnsound(name, atMost(name, size, gunzip(file.pieces))))
  try {
    const encoding = encodingIn(unpacked.head, 'holds')
    const form = encoding === 'text' ? 'gzip' : `gzip, ${encoding}`
    return { form, pieces: decoded(name, unpacked.pieces, encoding, refuse) }
  } catch (error) {
    await unpacked.close()
    throw error
  }
}

/** The first bytes of some pieces, and all pieces. */
async function peek(pieces: Pieces) {
  const iterator = pieces[Symbol.asyncIterator]()
  const close = async () => void (await iterator.return?.())
  const begun: Uint8Array[] = []
  let length = 0
  while (length < HEAD_BYTES) {
    const next = await iterator.next()
    if (next.done) break
    begun.push(next.value)
    length += next.value.length
  }
  const head = new Uint8Array(Math.min(length, HEAD_BYTES))
  for (let i = 0, at = 0; i < begun.length && at < head.length; at += begun[i++].length) {
    head.set(begun[i].subarray(0, head.length - at), at)
  }
  async function* all() {
    try {
      yield* begun
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await close()
    }
  }
  return { head, pieces: all(), close }
}

type Refuse = (reason: string) => never

/** The text as UTF-8; pieces that hold too many control characters are refused. */
async function* decoded(
  name: string,
  pieces: Pieces,
  encoding: TextEncoding,
  refuse: Refuse,
): AsyncGenerator<Uint8Array> {
  const isWide = encoding === 'UTF-16LE' || encoding === 'UTF-16BE'
  let at = 0
  for await (const piece of isWide ? utf8Of(name, pieces, encoding) : pieces) {
    for (let from = 0; from < piece.length; from += JUDGED) {
      const reason = binaryReason(piece.subarray(from, from + JUDGED), at + from)
      if (reason !== undefined) refuse(reason)
    }
    at += piece.length
    yield piece
  }
}

/** Why bytes are no text, in words; undefined where they may be one. @param at bytes before them */
function binaryReason(bytes: Uint8Array, at: number): string | undefined {
  const controls = tooManyControls(bytes)
  if (controls === undefined) return undefined
  const place = at === 0 ? 'the first ' : ''
  const share = `${number(controls.count)} of ${place}${number(bytes.length)} bytes are control characters`
  const hint = hasZeroHalves(bytes) ? '; every second byte is 0: is it UTF-16 without its byte order mark?' : ''
  return `is no text: ${share}, the first is byte ${number(at + controls.first)}${hint}`
}

const number = (value: number): string => value.toLocaleString('en-US')

async function* utf8Of(name: string, pieces: Pieces, encoding: 'UTF-16LE' | 'UTF-16BE'): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding.toLowerCase(), { fatal: true })
  const encoder = new TextEncoder()
  const decode = (bytes?: Uint8Array) => {
    try {
      return encoder.encode(bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode())
    } catch {
      throw new InputError(`${name}: not sound ${encoding}: half a character stands alone`)
    }
  }
  for await (const piece of pieces) yield decode(piece)
  yield decode()
}

async function* atMost(name: string, size: number, pieces: Pieces): AsyncGenerator<Uint8Array> {
  let unpacked = 0
  for await (const piece of pieces) {
    unpacked += piece.length
    if (unpacked > UNPACKED_FREELY && unpacked > MOST_RATIO * size) {
      throw new InputError(
        `${name}: its ${number(size)} bytes of gzip unpack to more than ${number(MOST_RATIO)} times as many: no text does`,
      )
    }
    yield piece
  }
}

/** Turns what the platform's decoder throws into one line. */
async function* refusingUnsound(name: string, pieces: Pieces): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    const { code, name: kind } = error as { code?: unknown; name?: unknown }
    const isOfDecoder = kind === 'TypeError' || (typeof code === 'string' && /^(Z_|ERR_.*STREAM)/.test(code))
    if (!isOfDecoder) throw error
    const isCut = code === 'Z_BUF_ERROR'
    throw new InputError(`${name}: not sound gzip${isCut ? ': it ends early' : ''}`, { cause: error })
  }
}
