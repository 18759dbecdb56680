/** Writes a ticket again with its masks stored in another way. */

import { nodeDeflate } from '../engine/node.js'
import { type ByteSink, openFile, writeAtomically } from '../files/files.js'
import { assertWritable, isSamePlace } from '../files/output-path.js'
import type { Replaces } from '../files/place-file.js'
import { nodeSha256 } from '../files/sha256.js'
import type { ByteSource } from '../safetensors/byte-source.js'
import { float32Bytes, InputError, planSafetensors } from '../safetensors/index.js'
import { scoreStream } from '../search/streams.js'
import { HASH_KEY, METADATA_KEY } from '../ticket/head.js'
import {
  encodeMasks,
  expectSearched,
  type MaskCoding,
  type OpenOptions,
  openTicket,
  type PrunedTicket,
  recodePruned,
  type SearchedContent,
  type SearchedTicket,
  searchedContent,
  type TicketLayout,
} from '../ticket/index.js'

/** What was done. */
export interface RecodeReport {
  readonly ticket: string
  readonly out: string
  readonly coding: { readonly from: MaskCoding; readonly to: MaskCoding }
  /** Of the whole files. */
  readonly bytes: { readonly from: number; readonly to: number }
  /** Of the new file. */
  readonly sha256: string
}

/**
 * Writes a ticket under another coding: the same masks, and so the same weights, bit for bit. All masks of a file are written.
 * @param out may be the ticket itself
 * @param options.layout of a searched ticket: `packed` (default), or `separate` for readers of versions 1 to 3 of the format
 * @param options.force whether another file may be replaced
 * @param options.memoryLimit see `openTicket`
 * @throws InputError when it is no sound ticket, or the file cannot or may not be written; the signal's reason when it aborted before
 *   the masks are coded
 */
export async function recodeTicket(
  path: string,
  coding: MaskCoding,
  out: string,
  {
    force = false,
    layout,
    memoryLimit,
    signal,
  }: {
    force?: boolean | undefined
    layout?: TicketLayout | undefined
    signal?: AbortSignal | undefined
  } & Pick<OpenOptions, 'memoryLimit'> = {},
): Promise<RecodeReport> {
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256, { memoryLimit })
    if (ticket.kind !== 'searched' && layout === 'packed') {
      throw new InputError(
        `${path}: is a pruned ticket, of which each mask is a tensor; the layout packed is for searched ones`,
      )
    }
    const replaces = await assertWritable(out, { force, isSame: () => isSamePlace(path, out) })
    signal?.throwIfAborted()
    const { bytes, sha256 } =
      ticket.kind === 'searched'
        ? await writeSearched(await contentsOf(source, ticket, memoryLimit), { coding, layout }, out, replaces)
        : await writePruned(ticket, coding, out, replaces)
    const codings = { from: ticket.coding, to: coding }
    return { ticket: path, out, coding: codings, bytes: { from: ticket.bytes, to: bytes }, sha256 }
  } finally {
    await source.close()
  }
}

interface Written {
  readonly bytes: number
  readonly sha256: string
}

/** What each mask of a file holds. */
async function contentsOf(
  source: ByteSource,
  first: SearchedTicket,
  memoryLimit: number | undefined,
): Promise<SearchedContent[]> {
  const contents = [await searchedContent(first, scoreStream)]
  for (const mask of first.masks.slice(1)) {
    const ticket = await openTicket(source, nodeSha256, { memoryLimit, mask })
    contents.push(await searchedContent(expectSearched(ticket), scoreStream))
  }
  return contents
}

async function writeSearched(
  contents: readonly SearchedContent[],
  { coding, layout = 'packed' }: { coding: MaskCoding; layout: TicketLayout | undefined },
  out: string,
  replaces: Replaces,
): Promise<Written> {
  const recoded = contents.map((content) => ({ ...content, coding, layout }))
  const { bytes, sha256 } = encodeMasks(recoded, nodeSha256, nodeDeflate)
  await writeAtomically(out, (sink) => sink.write(0, bytes), { replaces })
  return { bytes: bytes.length, sha256 }
}

async function writePruned(
  ticket: PrunedTicket,
  coding: MaskCoding,
  out: string,
  replaces: Replaces,
): Promise<Written> {
  const { text, tensors } = await recodePruned(ticket, coding, nodeDeflate)
  const headerOf = (sha256: string) => planSafetensors(tensors, { [METADATA_KEY]: text, [HASH_KEY]: sha256 })
  const layout = headerOf('0'.repeat(64))
  const hash = nodeSha256()
  hash.update(new TextEncoder().encode(text))
  let sha256 = ''
  const write = async (sink: ByteSink) => {
    for (const { name, bytes, dense } of tensors) {
      const content = bytes ?? float32Bytes(await ticket.readDense(dense!))
      hash.update(content)
      await sink.write(layout.tensors.get(name)!.byteOffset, content)
    }
    sha256 = hash.digest()
    await sink.write(0, headerOf(sha256).header)
  }
  await writeAtomically(out, write, { replaces })
  return { bytes: layout.size, sha256 }
}
