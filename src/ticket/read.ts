import type { ByteSource } from '../safetensors/byte-source.js'
import { toFloat32 } from '../safetensors/floats.js'
import { InputError } from '../safetensors/input-error.js'
import type { TensorPlan } from '../safetensors/layout.js'
import { openSafetensors, type SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { codedLeast, codedLimit, codingOf, type MaskCoding } from './coding.js'
import { sameShape } from './fields.js'
import { HASH_KEY, METADATA_KEY, type TicketMetadata, ticketTensors } from './format.js'
import { hashTicket } from './hash.js'
import { parseMetadata } from './metadata.js'
import { type PrunedTicket, readPruned } from './read-pruned.js'
import { readSearched, type SearchedTicket } from './read-searched.js'
import { refusing } from './refusing.js'
import { searchedTensors } from './searched.js'
import type { CreateSha256 } from './sha256.js'

/** What every opened ticket has, of whatever kind. */
export interface OpenedTicket {
  /** The name of its source (a path). */
  readonly name: string
  /** Length of the file in bytes. */
  readonly bytes: number
  /** The verified hash, 64 hexadecimal digits. */
  readonly sha256: string
  /** Unsigned 64-bit. */
  readonly seed: bigint
  /** How the masks are stored. */
  readonly coding: MaskCoding
  /** Bytes of every tensor in the file, by its name (`wte.mask`, `h.0.attn.0.qk.second`, ...). */
  readonly storedBytes: ReadonlyMap<string, number>
  /** Shapes of the tensors that are kept dense. */
  readonly dense: ReadonlyMap<string, readonly number[]>
  /** The values of a tensor kept dense, row-major, all finite. InputError when there is none of that name. */
  readDense(name: string): Promise<Float32Array>
}

/** An opened ticket; `kind` tells which. */
export type Ticket = PrunedTicket | SearchedTicket

/**
 * Opens a ticket of any kind and checks it: container, format version, generator, specifications, every tensor's place,
 * dtype and size against them, and the hash over the whole content (one pass, 4 MiB at a time).
 * @param source the file
 * @param createSha256 from src/runtime
 * @throws InputError in one line, naming the file and what was wrong
 */
export async function openTicket(source: ByteSource, createSha256: CreateSha256): Promise<Ticket> {
  const file = await openSafetensors(source)
  const text = file.metadata.get(METADATA_KEY)
  if (text === undefined) throw new InputError(`${source.name}: not a ticket (no "${METADATA_KEY}" in its metadata)`)
  const metadata = refusing(source.name, () => {
    const parsed = parseMetadata(text)
    assertTensors(file, plannedTensors(parsed, file))
    return parsed
  })
  const sha256 = file.metadata.get(HASH_KEY)
  const actual = await hashTicket(text, source, file.dataOffset, source.size, createSha256)
  if (sha256 !== actual) {
    throw new InputError(`${source.name}: wrong hash: the ticket says ${quoted(sha256)}, its content has ${actual}`)
  }
  const dense = new Map(metadata.dense.map(({ name, shape }) => [name, shape]))
  const opened: OpenedTicket = {
    name: source.name,
    bytes: source.size,
    sha256: actual,
    seed: BigInt(metadata.seed),
    coding: codingOf(metadata),
    storedBytes: new Map([...file.tensors].map(([name, { byteLength }]) => [name, byteLength])),
    dense,
    async readDense(name) {
      if (!dense.has(name)) throw new InputError(`${source.name}: there is no dense tensor ${quoted(name)}`)
      const values = toFloat32('F32', await file.readTensor(name))
      const bad = values.findIndex((value) => !Number.isFinite(value))
      if (bad >= 0) throw new InputError(`${source.name}: "${name}" holds ${values[bad]} at index ${bad}`)
      return values
    },
  }
  return metadata.kind === 'searched-gpt2' ? readSearched(opened, metadata, file) : readPruned(opened, metadata, file)
}

/**
 * The ticket, when it is one of pruned pairs.
 * @throws InputError when it is a searched one
 */
export function expectPruned(ticket: Ticket): PrunedTicket {
  if (ticket.kind !== 'searched-gpt2') return ticket
  throw new InputError(`${ticket.name}: is a searched ticket (kind ${ticket.kind}), but this needs a pruned one`)
}

/**
 * The ticket, when it is one of a searched GPT-2.
 * @throws InputError when it is a pruned one
 */
export function expectSearched(ticket: Ticket): SearchedTicket {
  if (ticket.kind === 'searched-gpt2') return ticket
  throw new InputError(`${ticket.name}: is a pruned ticket (kind ${ticket.kind}), but this needs a searched one`)
}

/** The tensors that the metadata asks for; coded ones are as long as they are, within limits. */
function plannedTensors(metadata: TicketMetadata, file: SafetensorsFile): TensorPlan[] {
  const coding = codingOf(metadata)
  const stored = (name: string, plain: number, count?: number) => {
    if (coding === 'bits') return plain
    const length = file.tensors.get(name)?.byteLength ?? 0
    const least = count === undefined ? 0 : codedLeast(count)
    if (length >= least && length <= codedLimit(plain)) return length
    throw new RangeError(`tensor ${quoted(name)} expected ${least} to ${codedLimit(plain)} coded bytes, got ${length}`)
  }
  return metadata.kind === 'searched-gpt2'
    ? searchedTensors(metadata.matrices, metadata.dense, stored)
    : ticketTensors(metadata.pairs, metadata.dense, coding, stored)
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
