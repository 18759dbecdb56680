import type { ByteSource } from '../safetensors/byte-source.js'
import { toFloat32 } from '../safetensors/floats.js'
import { InputError } from '../safetensors/input-error.js'
import type { TensorPlan } from '../safetensors/layout.js'
import { createMemoryBudget } from '../safetensors/memory-budget.js'
import { openSafetensors, type SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { sameShape } from './check.js'
import { storedRange } from './coding.js'
import { type TicketMetadata, ticketTensors } from './format.js'
import { hashTicket } from './hash.js'
import { HASH_KEY, METADATA_KEY, type StoredBytes } from './head.js'
import { metadataBytes, readingBytes } from './memory.js'
import { separateMetadata, storedMetadata } from './metadata.js'
import type { OpenedTicket, Place } from './opened.js'
import { DEFAULT_MASK } from './packed-metadata.js'
import { readPacked } from './read-packed.js'
import { type PrunedTicket, readPruned } from './read-pruned.js'
import { readSearched, type SearchedTicket } from './read-searched.js'
import { refusing } from './refusing.js'
import { searchedTensors } from './searched.js'
import type { CreateSha256 } from './sha256.js'
import { storedDense, storedName } from './version.js'

/** An opened ticket; `kind` tells which. */
export type Ticket = PrunedTicket | SearchedTicket

/** How a ticket is opened. */
export interface OpenOptions {
  /**
   * Most bytes that the ticket may make its reader ask for at one time: a number > 0, `Infinity` for no limit. A few kilobytes
   * of masks may stand for gigabytes of weights, so what is needed is computed from the metadata and compared before anything
   * is allocated. It counts the arrays of this package; an engine that runs the network takes memory beside it. Default 4e9,
   * in `openTicketBytes` of the browser 1.5e9.
   */
  readonly memoryLimit?: number | undefined
  /** Which of the masks of a searched ticket is opened, by its name. Default: the first. */
  readonly mask?: string | undefined
}

/**
 * Opens a ticket of any kind and checks it: container, format version, generator, specifications, every tensor's place,
 * dtype and size against them, and the hash over the whole content (one pass, 4 MiB at a time).
 * @param source the file
 * @param createSha256 from src/files
 * @throws InputError in one line, naming the file and what was wrong, and where the ticket needs more memory than it may ask
 *   for; TypeError or RangeError for a memory limit that is none
 */
export async function openTicket(
  source: ByteSource,
  createSha256: CreateSha256,
  { memoryLimit, mask }: OpenOptions = {},
): Promise<Ticket> {
  const memory = createMemoryBudget(source.name, memoryLimit)
  const file = await openSafetensors(source, memory)
  const text = file.metadata.get(METADATA_KEY)
  if (text === undefined) throw new InputError(`${source.name}: not a ticket (no "${METADATA_KEY}" in its metadata)`)
  memory.expect(metadataBytes(text, file.dataOffset), 'read its header')
  const stored = refusing(source.name, () => storedMetadata(text))
  const read =
    stored.version === '4'
      ? await readPacked(file, stored, mask, (bytes, what) => memory.expect(bytes, what))
      : refusing(source.name, () => readSeparate(file, stored, mask))
  const { metadata, places } = read
  const storedBytes = new Map([...places].map(([name, { byteLength }]) => [name, byteLength]))
  memory.expect(readingBytes(metadata, storedBytes), 'open')
  const sha256 = file.metadata.get(HASH_KEY)
  const actual = await hashTicket(text, source, file.dataOffset, source.size, createSha256)
  if (sha256 !== actual) {
    throw new InputError(`${source.name}: wrong hash: the ticket says ${quoted(sha256)}, its content has ${actual}`)
  }
  const dense = new Map(metadata.dense.map(({ name, shape }) => [name, shape]))
  const readPart = async (name: string): Promise<Uint8Array> => {
    const { byteOffset, byteLength } = places.get(name)!
    return source.read(byteOffset, byteLength)
  }
  const opened: OpenedTicket = {
    name: source.name,
    bytes: source.size,
    sha256: actual,
    seed: BigInt(metadata.seed),
    coding: metadata.coding,
    storedBytes,
    memory,
    dense,
    async readDense(name) {
      if (!dense.has(name)) throw new InputError(`${source.name}: there is no dense tensor ${quoted(name)}`)
      const values = toFloat32(places.get(name)!.dtype, await readPart(name))
      const bad = values.findIndex((value) => !Number.isFinite(value))
      if (bad >= 0) throw new InputError(`${source.name}: "${name}" holds ${values[bad]} at index ${bad}`)
      return values
    },
  }
  if (metadata.kind !== 'searched') return readPruned(opened, metadata, file)
  const { masks, mask: name, otherBytes } = read
  return readSearched(opened, metadata, { masks, mask: name, otherBytes, readPart })
}

/** A ticket of which every mask is a tensor. @throws TypeError or RangeError naming what is wrong */
function readSeparate(file: SafetensorsFile, stored: ReturnType<typeof storedMetadata>, mask: string | undefined) {
  const metadata = separateMetadata(stored)
  assertTensors(file, plannedTensors(metadata, file))
  if (mask !== undefined && (metadata.kind !== 'searched' || mask !== DEFAULT_MASK)) {
    const there = metadata.kind === 'searched' ? DEFAULT_MASK : 'nothing: a pruned ticket has no named masks'
    throw new RangeError(`"mask" expected ${there}, got ${quoted(mask)}`)
  }
  const places = new Map<string, Place>(file.tensors)
  for (const { name } of metadata.dense) {
    const tensor = storedName(metadata, name)
    places.set(name, places.get(tensor)!)
    if (tensor !== name) places.delete(tensor)
  }
  return { metadata, places, masks: [DEFAULT_MASK], mask: DEFAULT_MASK, otherBytes: 0 }
}

/**
 * The ticket, when it is one of pruned pairs.
 * @throws InputError when it is a searched one
 */
export function expectPruned(ticket: Ticket): PrunedTicket {
  if (ticket.kind !== 'searched') return ticket
  throw new InputError(`${ticket.name}: is a searched ticket (kind ${ticket.kind}), but this needs a pruned one`)
}

/**
 * The ticket, when it is one of a searched network.
 * @throws InputError when it is a pruned one
 */
export function expectSearched(ticket: Ticket): SearchedTicket {
  if (ticket.kind === 'searched') return ticket
  throw new InputError(`${ticket.name}: is a pruned ticket (kind ${ticket.kind}), but this needs a searched one`)
}

/** The tensors that the metadata asks for. Coded ones are as long as the file has them, within what their coding can be. */
function plannedTensors(metadata: TicketMetadata, file: SafetensorsFile): TensorPlan[] {
  const { coding } = metadata
  const stored: StoredBytes = (name, plain, mask) => {
    const { least, most } = storedRange(coding, plain, mask)
    if (least === most) return plain
    const length = file.tensors.get(name)?.byteLength ?? 0
    if (length >= least && length <= most) return length
    throw new RangeError(`tensor ${quoted(name)} expected ${least} to ${most} coded bytes, got ${length}`)
  }
  return metadata.kind === 'searched'
    ? searchedTensors(metadata.matrices, metadata.dense, stored)
    : ticketTensors(metadata.pairs, storedDense(metadata), coding, stored)
}

/** The tensors of the file are those that are planned, in that order, and nothing else. */
function assertTensors(file: SafetensorsFile, planned: readonly TensorPlan[]): void {
  if (file.tensors.size !== planned.length) {
    throw new RangeError(`expected ${planned.length} tensors, got ${file.tensors.size}`)
  }
  let reached = file.dataOffset
  for (const { name, dtype, shape } of planned) {
    const info = file.tensors.get(name)
    if (!info) throw new RangeError(`tensor ${quoted(name)} is missing`)
    if (info.dtype !== dtype || !sameShape(info.shape, shape)) {
      throw new RangeError(
        `tensor ${quoted(name)} expected ${dtype} [${shape}], got ${info.dtype} ${quoted(info.shape)}`,
      )
    }
    if (info.byteOffset !== reached) throw new RangeError(`tensor ${quoted(name)} is out of order`)
    reached += info.byteLength
  }
}
