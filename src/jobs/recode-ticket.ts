/** Writes a ticket again with its masks stored in another way. */

import { nodeDeflate } from '../engine/node.js'
import { type ByteSink, openFile, writeAtomically } from '../files/files.js'
import { assertWritable, isSamePlace } from '../files/output-path.js'
import type { Replaces } from '../files/place-file.js'
import { nodeSha256 } from '../files/sha256.js'
import { float32Bytes, planSafetensors } from '../safetensors/index.js'
import { scoreStream } from '../search/streams.js'
import { HASH_KEY, METADATA_KEY } from '../ticket/head.js'
import {
  encodeSearchedTicket,
  type MaskCoding,
  type OpenOptions,
  openTicket,
  type PrunedTicket,
  recodePruned,
  type SearchedTicket,
  searchedContent,
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
 * Writes a ticket under another coding: the same masks, and so the same weights, bit for bit.
 * @param out may be the ticket itself
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
    memoryLimit,
    signal,
  }: { force?: boolean | undefined; signal?: AbortSignal | undefined } & OpenOptions = {},
): Promise<RecodeReport> {
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256, { memoryLimit })
    const replaces = await assertWritable(out, { force, isSame: () => isSamePlace(path, out) })
    signal?.throwIfAborted()
    const write = ticket.kind === 'searched' ? writeSearched : writePruned
    const { bytes, sha256 } = await write(ticket as never, coding, out, replaces)
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

async function writeSearched(
  ticket: SearchedTicket,
  coding: MaskCoding,
  out: string,
  replaces: Replaces,
): Promise<Written> {
  const content = await searchedContent(ticket, scoreStream)
  const { bytes, sha256 } = encodeSearchedTicket({ ...content, coding }, nodeSha256, nodeDeflate)
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
