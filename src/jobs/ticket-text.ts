/** Tickets as text on Node: from files to links and QR codes, and back. */
import { open, stat } from 'node:fs/promises'
import { nodeDeflate } from '../engine/node.js'
import type { BaseConfig } from '../families/config.js'
import { matricesOf } from '../families/family.js'
import { readFully } from '../files/file-handle.js'
import { openFile, READ_FLAGS, refuseSystem, writeAtomically, writeTextAtomically } from '../files/files.js'
import { assertWritable, expectSvg } from '../files/output-path.js'
import { nodeSha256 } from '../files/sha256.js'
import { InputError, memorySource, startsAsSafetensors } from '../safetensors/index.js'
import { scoreStream } from '../search/streams.js'
import { type CompactTicket, decodeCompact, encodeCompact } from '../ticket/compact.js'
import {
  DEFAULT_MASK,
  encodeSearchedTicket,
  expectSearched,
  type OpenOptions,
  openTicket,
  type SearchedTicket,
  searchedContent,
  ticketTokenizers,
} from '../ticket/index.js'
import { qrCapacity, type TicketQr, ticketQr } from '../ticket/ticket-qr.js'
import { LINK_LIMIT, readTicketText, ticketLink } from '../ticket/ticket-text.js'

export interface TextOptions extends OpenOptions {
  /** Leave out the probe and how the masks were found. */
  readonly lean?: boolean | undefined
  /** Address of a page that opens the ticket. */
  readonly page?: string | undefined
}

/** What a text is of. */
export interface TextReport {
  readonly ticket: string
  readonly lean: boolean
  readonly weights: number
  /** Of the compact form, and of it what is masks. */
  readonly bytes: number
  readonly maskBytes: number
  /** Of the ticket that it gives. */
  readonly sha256: string
}

/**
 * A ticket as a link.
 * @throws InputError when it is no searched ticket, or one that would not come back the same; RangeError when it is too large
 */
export async function linkTicket(
  path: string,
  { lean = false, page, memoryLimit, mask }: TextOptions,
): Promise<TextReport & { link: string }> {
  const compact = await readCompact(path, lean, { memoryLimit, mask })
  return { ...reportOf(path, lean, compact), link: ticketLink(compact.bytes, page) }
}

/**
 * Writes a ticket as a QR code, an SVG file.
 * @param options.force whether a file at `out` may be replaced
 * @throws InputError as {@link linkTicket}, or when the file cannot or may not be written; RangeError when `out` is named as a picture of another format, or when it does not fit, saying by how much and what would
 */
export async function writeTicketQr(
  path: string,
  out: string,
  { lean = false, page, force, memoryLimit, mask }: TextOptions & { force?: boolean | undefined },
): Promise<TextReport & Pick<TicketQr, 'version' | 'modules' | 'text'> & { out: string }> {
  expectSvg(out, 'out')
  const capacity = qrCapacity(page)
  const replaces = await assertWritable(out, { inputs: [path], force })
  const compact = await readCompact(path, lean, { memoryLimit, mask })
  if (compact.bytes.length > capacity)
    throw new RangeError(await tooLarge(path, lean, compact, capacity, { memoryLimit, mask }))
  const { svg, version, modules, text } = ticketQr(compact.bytes, page)
  await writeTextAtomically(out, svg, { replaces })
  return { ...reportOf(path, lean, compact), out, version, modules, text }
}

/** A compact ticket, and the model that it is of. */
type ReadTicket = CompactTicket & { readonly config: BaseConfig }

async function readCompact(path: string, lean: boolean, options: OpenOptions): Promise<ReadTicket> {
  const source = await openFile(path, 'ticket')
  try {
    const opened = expectSearched(await openTicket(source, nodeSha256, options))
    // A text holds one mask, without a name.
    const isOne = opened.masks.length === 1 && opened.mask === DEFAULT_MASK
    const ticket = isOne ? opened : await aloneIn(opened)
    return { ...(await encodeCompact(ticket, nodeSha256, { lean })), config: ticket.metadata.config }
  } finally {
    await source.close()
  }
}

/** A ticket with one mask of a file alone. */
async function aloneIn(ticket: SearchedTicket): Promise<SearchedTicket> {
  const content = await searchedContent(ticket, scoreStream)
  const { bytes } = encodeSearchedTicket({ ...content, maskName: DEFAULT_MASK }, nodeSha256, nodeDeflate)
  return expectSearched(await openTicket(memorySource(bytes, ticket.name), nodeSha256))
}

const reportOf = (ticket: string, lean: boolean, { bytes, maskBytes, sha256, weights }: CompactTicket): TextReport => {
  return { ticket, lean, weights, bytes: bytes.length, maskBytes, sha256 }
}

/** Why a ticket does not fit into a QR code, and what would. */
async function tooLarge(
  path: string,
  lean: boolean,
  compact: ReadTicket,
  capacity: number,
  options: OpenOptions,
): Promise<string> {
  const { length } = compact.bytes
  const what = `${path}: ${n(length)} bytes, ${n(length - capacity)} more than the ${n(capacity)} that a QR code holds here`
  const leaner = lean ? compact : await readCompact(path, true, options)
  if (leaner.bytes.length <= capacity) return `${what}: --lean makes it ${n(leaner.bytes.length)}`
  return `${what}: ${lean ? '' : '--lean and '}${smaller(leaner, capacity)}; as it is it travels as a file or a link`
}

/** What a search must make smaller for its ticket to fit. */
function smaller({ bytes, maskBytes, weights, config }: ReadTicket, capacity: number): string {
  const bytesPerWeight = maskBytes / weights
  const fewer = Math.ceil((bytes.length - capacity) / bytesPerWeight)
  const { vocabulary, width } = config
  const ofToken = width * matricesOf(config).filter(({ role }) => role === 'token-embedding' || role === 'head').length
  if (fewer <= weights - vocabulary * ofToken) {
    return `about ${n(fewer)} of its ${n(weights)} weights fewer would do, or a lower --keep`
  }
  const tokens = `its ${n(vocabulary)} tokens take ${n(vocabulary * ofToken)} of its ${n(weights)} weights`
  if (vocabulary <= BYTES) return `a smaller width would do: ${tokens}`
  const saved = (vocabulary - BYTES) * ofToken
  return `a byte tokenizer${fewer <= saved ? '' : ' and a smaller width'} would do: ${tokens}`
}

/** Tokens of the byte tokenizer. */
const BYTES = ticketTokenizers.bytes

const n = (value: number): string => value.toLocaleString('en-US')

/**
 * Writes the ticket of a text.
 * @param text a link, a fragment or digits; the name of a file that holds one; or - for standard input
 * @param options.force whether a file at `out` may be replaced
 * @throws InputError when it is no such text, or the file cannot or may not be written
 */
export async function importTicket(
  text: string,
  out: string,
  { force }: { force?: boolean | undefined } = {},
): Promise<{ out: string; bytes: number; sha256: string }> {
  const replaces = await assertWritable(out, { inputs: text === '-' || text === '' ? [] : [text], force })
  const { name, content } = await readText(text)
  const { bytes, sha256 } = decodeCompact(name, readTicketText(name, content), nodeSha256)
  await writeAtomically(out, (sink) => sink.write(0, bytes), { replaces })
  return { out, bytes: bytes.length, sha256 }
}

async function readText(text: string): Promise<{ name: string; content: string }> {
  if (text === '-') {
    const name = 'standard input'
    return { name, content: decodeText(name, await readStandardInput()) }
  }
  const there = await stat(text).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (there === undefined) return { name: text, content: decodeText(text, await readTextFile(text)) }
  if (namesFile(text)) refuseSystem(text, there)
  // A ticket's file given in place of its name, as $(cat ticket) does.
  if (text.includes('"data_offsets"')) throw new InputError(`text: ${ALREADY}`)
  // A bare word is base64url too.
  const name = /^(?!\d+$)[\w-]{1,64}$/.test(text) ? `${text} (no such file)` : 'text'
  return { name, content: text }
}

/**
 * Whether a text that is no file must have been meant as the name of one: it holds a separator or a full stop, which no digits and no
 * base64url have, and is no link and no ticket's content.
 */
const namesFile = (text: string): boolean => /[./\\]/.test(text) && !/[#="\n]|^https?:/i.test(text)

const ALREADY = 'is a safetensors file already; what is imported is the text of a link or a QR code'

/** Most bytes that are read of a text. */
const READ_LIMIT = 2 * LINK_LIMIT

/** @throws InputError when it is no text but a file of tensors, or too long */
function decodeText(name: string, bytes: Uint8Array): string {
  if (startsAsSafetensors(bytes)) throw new InputError(`${name}: ${ALREADY}`)
  if (bytes.length > READ_LIMIT) throw new InputError(`${name}: expected at most ${READ_LIMIT} bytes of text`)
  return new TextDecoder().decode(bytes)
}

/** The first bytes of a file, one more than may be there. */
async function readTextFile(path: string): Promise<Uint8Array> {
  const handle = await open(path, READ_FLAGS).catch((error) => refuseSystem(path, error))
  try {
    const found = await handle.stat()
    if (!found.isFile() && !found.isDirectory()) throw new InputError(`${path}: not a file`)
    const bytes = new Uint8Array(READ_LIMIT + 1)
    const length = await readFully(handle, bytes, 0).catch((error) => refuseSystem(path, error)) // a folder
    return bytes.subarray(0, length)
  } finally {
    await handle.close()
  }
}

/** What comes on standard input, to a piece beyond what may come. */
async function readStandardInput(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of process.stdin) {
    pieces.push(piece as Uint8Array)
    length += (piece as Uint8Array).length
    if (length > READ_LIMIT) break
  }
  return Buffer.concat(pieces)
}
