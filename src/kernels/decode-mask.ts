import {
  type ChunkRange,
  CodingError,
  chunkRange,
  type MaskGeometry,
  type MaskParameters,
  type MaskShape,
  priors,
  splitChunks,
} from '../coding/index.js'
import { copyBits, packedBytes } from '../mask/index.js'
import { type Seed, seedWords } from '../random/index.js'
import { checkIndex } from '../random/stream.js'
import type { Kernels } from './kernels.js'

const TWO_32 = 2 ** 32

/** Where the scores of a search came from: weight i's score is word i of (seed, stream). */
export interface ScoreStream {
  readonly seed: Seed
  /** Integer, 0 to 2^53 - 1. */
  readonly stream: number
}

/** One chunk of a coded mask, ready to be decoded. */
export interface ChunkJob {
  readonly geometry: MaskGeometry
  readonly index: number
  readonly parameters: MaskParameters
  /** Probability that contexts start from, 1 to 4095. */
  readonly start: number
  /** Null where the parameters have no context. */
  readonly scores: ScoreStream | null
  readonly bytes: Uint8Array
  /** Whether contexts begin with the score's sign. Default false. */
  readonly signed?: boolean | undefined
  /** Packed bits whose bit 0 is of the chunk's first: only bits that are one here are coded. Absent: all are. */
  readonly within?: Uint8Array | undefined
}

const reasons = [
  '',
  'the coded bits end too early',
  'coded bits are left over',
  'the coded bits end in the wrong state',
]

/** Bytes after a buffer that the kernels may read. */
const SLACK = 16

/** What `reserve` must hold for a job: the coded bytes, the mask's bits, the working memory, the bits that it lies within. */
export function chunkReserve(kernels: Kernels, job: ChunkJob): [number, number, number, number] {
  const { geometry, index, bytes, within } = job
  const { count } = chunkRange(geometry, index)
  const inner = within ? within.length + SLACK : 0
  return [bytes.length + SLACK, Math.ceil(count / 8) + SLACK, kernels.exports.decoderBytes(geometry.width), inner]
}

/**
 * Decodes a chunk in kernel memory: the bits of `decodeMask` of src/coding, much faster.
 * @param places addresses for {@link chunkReserve}; bit 0 of the second is the chunk's first
 * @param outer address of bits that the chunk lies within, 2 bytes after them readable, where it is not the job that has them; else 0
 * @throws CodingError when the bytes are no coded chunk
 */
export function decodeChunk(kernels: Kernels, job: ChunkJob, places: readonly number[], outer = 0): void {
  const { geometry, index, parameters, start, scores, bytes, signed = false, within } = job
  const { contextBits, columnPrior, linePrior, lanes } = parameters
  const [coded, bits, work, inner] = places
  const range = chunkRange(geometry, index)
  if (contextBits > 0 && scores === null) throw new CodingError('scores are needed, but none are named')
  const { low, high } = seedWords(scores?.seed ?? 0)
  const stream = scores?.stream ?? 0
  checkIndex('stream', stream)
  const memory = new Uint8Array(kernels.exports.memory.buffer)
  memory.set(bytes, coded)
  memory.fill(0, bits, bits + Math.ceil(range.count / 8) + SLACK)
  if (within) {
    if (within.length !== Math.ceil(range.count / 8))
      throw new RangeError('"within" expected a bit for each of the chunk')
    memory.set(within, inner)
  }
  const result = kernels.exports.decodeChunk(
    coded,
    coded + bytes.length,
    bits,
    range.count,
    geometry.width,
    work,
    start,
    contextBits,
    priors[columnPrior],
    priors[linePrior],
    lanes,
    range.start,
    stream % TWO_32,
    Math.floor(stream / TWO_32),
    low,
    high,
    signed ? 1 : 0,
    within ? inner : outer,
  )
  if (result !== 0) throw new CodingError(reasons[result])
}

/** The bits of a range, the first of them bit 0. */
export function bitsOf(packed: Uint8Array, { start, count }: ChunkRange): Uint8Array {
  const bits = new Uint8Array(packedBytes(count))
  copyBits(packed, start, bits, 0, count)
  return bits
}

/** A decoder of whole masks: the bits of `decodeMask` of src/coding. @param scores null where the shape has no magnitudes */
export type DecodeMask = (bytes: Uint8Array, shape: MaskShape, scores: ScoreStream | null) => Uint8Array

/** `decodeMask` in WebAssembly. */
export function createMaskDecoder(kernels: Kernels): DecodeMask {
  return (bytes, shape, scores) => {
    const { geometry, start, magnitudeBits, within } = shape
    const { parameters, chunks } = splitChunks(bytes, shape)
    const mask = new Uint8Array(packedBytes(geometry.count))
    for (const [index, chunk] of chunks.entries()) {
      const range = chunkRange(geometry, index)
      const own = within ? { within: bitsOf(within, range) } : {}
      const job = { geometry, index, parameters, start, scores, bytes: chunk, signed: magnitudeBits === 8, ...own }
      const places = kernels.reserve(...chunkReserve(kernels, job))
      decodeChunk(kernels, job, places)
      const bits = new Uint8Array(kernels.exports.memory.buffer, places[1], packedBytes(range.count))
      copyBits(bits, 0, mask, range.start, range.count)
    }
    return mask
  }
}
