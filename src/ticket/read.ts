import type { ByteSource } from '../safetensors/byte-source.js'
import { toFloat32 } from '../safetensors/floats.js'
import { InputError } from '../safetensors/input-error.js'
import { toUint16 } from '../safetensors/integers.js'
import { openSafetensors, type SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { coordinateName, HASH_KEY, METADATA_KEY, secondName, type TicketMetadata, ticketTensors } from './format.js'
import { hashTicket } from './hash.js'
import { parseMetadata } from './metadata.js'
import { assertPairMasks, type PairMasks, type PairReport, type PairSpec } from './pair.js'
import type { CreateSha256 } from './sha256.js'

/** An opened ticket: structure and hash checked. */
export interface Ticket {
  /** The name of its source (a path). */
  readonly name: string
  /** Length of the file in bytes. */
  readonly bytes: number
  /** The verified hash, 64 hexadecimal digits. */
  readonly sha256: string
  /** Unsigned 64-bit. */
  readonly seed: bigint
  readonly metadata: TicketMetadata
  readonly pairs: ReadonlyMap<string, PairSpec>
  readonly reports: ReadonlyMap<string, PairReport>
  /** Shapes of the tensors that are kept dense. */
  readonly dense: ReadonlyMap<string, readonly number[]>
  /** The masks of a pair, checked against its specification. InputError when there is none of that name. */
  readMasks(name: string): Promise<PairMasks>
  /** The values of a tensor kept dense, row-major, all finite. InputError when there is none of that name. */
  readDense(name: string): Promise<Float32Array>
}

/**
 * Opens a ticket and checks it: container, format version, generator, specifications, every tensor's place, dtype and
 * size against them, and the hash over the whole content (one pass, 4 MiB at a time).
 * @param source the file
 * @param createSha256 from src/runtime
 * @throws InputError in one line, naming the file and what was wrong
 */
export async function openTicket(source: ByteSource, createSha256: CreateSha256): Promise<Ticket> {
  const file = await openSafetensors(source)
  const text = file.metadata.get(METADATA_KEY)
  if (text === undefined) throw new InputError(`${source.name}: not a ticket (no "${METADATA_KEY}" in its metadata)`)
  const metadata = await refusing(source.name, () => {
    const parsed = parseMetadata(text)
    assertTensors(file, parsed)
    return parsed
  })
  const sha256 = file.metadata.get(HASH_KEY)
  const actual = await hashTicket(text, source, file.dataOffset, source.size, createSha256)
  if (sha256 !== actual) {
    throw new InputError(`${source.name}: wrong hash: the ticket says ${quoted(sha256)}, its content has ${actual}`)
  }
  const pairs = new Map(metadata.pairs.map((pair) => [pair.name, pair]))
  const dense = new Map(metadata.dense.map(({ name, shape }) => [name, shape]))
  const ticket: Ticket = {
    name: source.name,
    bytes: source.size,
    sha256: actual,
    seed: BigInt(metadata.seed),
    metadata,
    pairs,
    reports: new Map(metadata.pairs.map(({ name }, i) => [name, metadata.reports[i]])),
    dense,
    async readMasks(name) {
      const spec = pairs.get(name)
      if (!spec) throw new InputError(`${source.name}: there is no pair ${quoted(name)}`)
      const coordinate = toUint16(await file.readTensor(coordinateName(name)))
      const masks = { spec, coordinate, second: await file.readTensor(secondName(name)) }
      await refusing(source.name, () => assertPairMasks(masks))
      return masks
    },
    async readDense(name) {
      if (!dense.has(name)) throw new InputError(`${source.name}: there is no dense tensor ${quoted(name)}`)
      const values = toFloat32('F32', await file.readTensor(name))
      const bad = values.findIndex((value) => !Number.isFinite(value))
      if (bad >= 0) throw new InputError(`${source.name}: "${name}" holds ${values[bad]} at index ${bad}`)
      return values
    },
  }
  return ticket
}

/** The tensors of the file are those that the metadata asks for, in that order, and nothing else. */
function assertTensors(file: SafetensorsFile, { pairs, dense }: TicketMetadata): void {
  const planned = ticketTensors(pairs, dense)
  if (file.tensors.size !== planned.length) {
    throw new RangeError(`expected ${planned.length} tensors, got ${file.tensors.size}`)
  }
  let reached = file.dataOffset
  for (const { name, dtype, shape } of planned) {
    const info = file.tensors.get(name)
    if (!info) throw new RangeError(`tensor ${quoted(name)} is missing`)
    if (info.dtype !== dtype || info.shape.length !== shape.length || info.shape.some((size, i) => size !== shape[i])) {
      throw new RangeError(
        `tensor ${quoted(name)} expected ${dtype} [${shape}], got ${info.dtype} ${quoted(info.shape)}`,
      )
    }
    if (info.byteOffset !== reached) throw new RangeError(`tensor ${quoted(name)} is out of order`)
    reached += info.byteLength
  }
}

/** Turns what validation throws into an InputError that names the file. */
async function refusing<T>(name: string, check: () => T): Promise<T> {
  try {
    return check()
  } catch (error) {
    if (error instanceof SyntaxError) throw new InputError(`${name}: the ticket's metadata is not JSON`)
    if (error instanceof RangeError || error instanceof TypeError) throw new InputError(`${name}: ${error.message}`)
    throw error
  }
}
