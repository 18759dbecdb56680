/** Tickets as text on Node: from files to links and QR codes, and back. */
import { open, stat } from 'node:fs/promises'
import { InputError } from '../safetensors/index.js'
import { type CompactTicket, decodeCompact, encodeCompact } from '../ticket/compact.js'
import { expectSearched, openTicket } from '../ticket/index.js'
import { qrCapacity, type TicketQr, ticketQr } from '../ticket/ticket-qr.js'
import { LINK_LIMIT, readTicketText, ticketLink } from '../ticket/ticket-text.js'
import { readFully } from './file-handle.js'
import { openFile, refuseSystem, writeAtomically, writeTextAtomically } from './files.js'
import { assertWritable } from './output-path.js'
import { nodeSha256 } from './sha256.js'

export interface TextOptions {
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
  { lean = false, page }: TextOptions,
): Promise<TextReport & { link: string }> {
  const compact = await readCompact(path, lean)
  return { ...reportOf(path, lean, compact), link: ticketLink(compact.bytes, page) }
}

/**
 * Writes a ticket as a QR code, an SVG file.
 * @param options.force whether a file at `out` may be replaced
 * @throws InputError as {@link linkTicket}, or when the file cannot or may not be written; RangeError when it does not fit, saying by how much and what would
 */
export async function writeTicketQr(
  path: string,
  out: string,
  { lean = false, page, force }: TextOptions & { force?: boolean | undefined },
): Promise<TextReport & Pick<TicketQr, 'version' | 'modules' | 'text'> & { out: string }> {
  const capacity = qrCapacity(page)
  await assertWritable(out, { inputs: [path], force })
  const compact = await readCompact(path, lean)
  if (compact.bytes.length > capacity) throw new RangeError(await tooLarge(path, lean, compact, capacity))
  const { svg, version, modules, text } = ticketQr(compact.bytes, page)
  await writeTextAtomically(out, svg)
  return { ...reportOf(path, lean, compact), out, version, modules, text }
}

async function readCompact(path: string, lean: boolean): Promise<CompactTicket> {
  const source = await openFile(path)
  try {
    return await encodeCompact(expectSearched(await openTicket(source, nodeSha256)), nodeSha256, { lean })
  } finally {
    await source.close()
  }
}

const reportOf = (ticket: string, lean: boolean, { bytes, maskBytes, sha256, weights }: CompactTicket): TextReport => {
  return { ticket, lean, weights, bytes: bytes.length, maskBytes, sha256 }
}

/** Why a ticket does not fit into a QR code, and what would. */
async function tooLarge(path: string, lean: boolean, { bytes, maskBytes, weights }: CompactTicket, capacity: number) {
  const over = bytes.length - capacity
  const what = `${path}: ${bytes.length} bytes, ${over} more than the ${capacity} that a QR code holds here`
  const leaner = lean ? bytes.length : (await readCompact(path, true)).bytes.length
  if (leaner <= capacity) return `${what}: --lean makes it ${leaner}`
  const fewer = Math.ceil(((leaner - capacity) * weights) / maskBytes)
  const also = lean ? '' : '--lean and '
  return `${what}: ${also}about ${fewer} of its ${weights} weights fewer would do, or a lower --keep; as it is it travels as a file or a link`
}

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
  await assertWritable(out, { inputs: text === '-' || text === '' ? [] : [text], force })
  const { name, content } = await readText(text)
  const { bytes, sha256 } = decodeCompact(name, readTicketText(name, content), nodeSha256)
  await writeAtomically(out, (sink) => sink.write(0, bytes)).catch((error) => refuseSystem(out, error))
  return { out, bytes: bytes.length, sha256 }
}

async function readText(text: string): Promise<{ name: string; content: string }> {
  if (text === '-') return { name: 'standard input', content: await readStandardInput() }
  const isFile = await stat(text).then(
    (info) => info.isFile(),
    () => false,
  )
  return isFile ? { name: text, content: await readTextFile(text) } : { name: 'text', content: text }
}

/** Most bytes that are read of a text. */
const READ_LIMIT = 2 * LINK_LIMIT

async function readTextFile(path: string): Promise<string> {
  const handle = await open(path, 'r').catch((error) => refuseSystem(path, error))
  try {
    const bytes = new Uint8Array(READ_LIMIT + 1)
    const length = await readFully(handle, bytes, 0)
    if (length > READ_LIMIT) throw new InputError(`${path}: expected at most ${READ_LIMIT} bytes of text`)
    return new TextDecoder().decode(bytes.subarray(0, length))
  } finally {
    await handle.close()
  }
}

async function readStandardInput(): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of process.stdin) {
    text += decoder.decode(piece as Uint8Array, { stream: true })
    if (text.length > READ_LIMIT) throw new InputError(`standard input: expected at most ${READ_LIMIT} bytes of text`)
  }
  return text
}
