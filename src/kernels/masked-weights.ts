import { CodingError, chunkRange } from '../coding/index.js'
import { type Initialisation, initialisationScale, type Seed, seedWords } from '../random/index.js'
import { checkIndex } from '../random/stream.js'
import { type ChunkJob, chunkReserve, decodeChunk } from './decode-mask.js'
import type { Kernels } from './kernels.js'

const TWO_32 = 2 ** 32

/** Numbers of the initialisations in assembly/masked-weights.ts. */
const kinds = { uniform: 0, normal: 1, 'signed-constant': 2 } as const

/** Bytes after a mask that the kernels may read. */
const SLACK = 16

/** A run of weights of one matrix, and where its mask comes from. Plain data: it may be sent to another thread. */
export interface WeightsPiece {
  readonly seed: Seed
  readonly stream: number
  readonly init: Initialisation
  /** Index of the first weight in its stream. */
  readonly start: number
  /** Number of weights. */
  readonly count: number
  /** Packed bits whose bit 0 is of the first weight, or a chunk of a coded mask. */
  readonly mask: Uint8Array | ChunkJob
}

/** Most weights of a piece whose mask is plain bits. */
export const PIECE_LIMIT = 2 ** 20

/** Weights made in one go, so that kernel memory stays small. A multiple of 8. */
const STEP = 2 ** 18

/**
 * The random weights of a piece where its mask keeps them, 0 elsewhere, the same bits as `generateWeights` and `zeroDropped`; the
 * mask is decoded on the way.
 * @param out receives them: float32 [count], in memory of any kind
 * @returns how many are kept
 * @throws CodingError when a coded mask is unsound
 */
export function makeMaskedWeights(kernels: Kernels, piece: WeightsPiece, out: Float32Array): number {
  const { init, count } = piece
  if (out.length !== count) throw new RangeError(`"out" expected ${count} weights, got room for ${out.length}`)
  const scale = initialisationScale(init)
  return inSteps(kernels, piece, (weights, bits, size, from, words) => {
    const kept = kernels.exports.fillMasked(weights, bits, size, ...words, kinds[init.kind], scale)
    out.set(new Float32Array(kernels.exports.memory.buffer, weights, size), from)
    return kept
  })
}

/**
 * A piece of signed constants as codes of two bits, four a byte, lowest bits first: 2 for a dropped weight, 1 for -magnitude, 3 for +magnitude.
 * @param out receives them: uint8 [ceil(count / 4)]; codes past the end are 2
 * @returns how many are kept
 * @throws CodingError when a coded mask is unsound; RangeError for another initialisation
 */
export function makeTernaryCodes(kernels: Kernels, piece: WeightsPiece, out: Uint8Array): number {
  const { init, count } = piece
  if (init.kind !== 'signed-constant') throw new RangeError(`"init" expected signed-constant, got ${init.kind}`)
  const bytes = Math.ceil(count / 4)
  if (out.length !== bytes) throw new RangeError(`"out" expected ${bytes} bytes of codes, got ${out.length}`)
  return inSteps(kernels, piece, (codes, bits, size, from, words) => {
    const kept = kernels.exports.fillTernary(codes, bits, size, ...words)
    out.set(new Uint8Array(kernels.exports.memory.buffer, codes, Math.ceil(size / 4)), from / 4)
    return kept
  })
}

/** Index of a step's first weight in its stream, then the halves of the stream's number and of the seed, as the kernels take them. */
type StepWords = readonly [start: number, streamLow: number, streamHigh: number, keyLow: number, keyHigh: number]

/** Decodes a piece's mask and makes its weights {@link STEP} at a time. @returns the sum of what `fill` returns */
function inSteps(
  kernels: Kernels,
  { seed, stream, start, count, mask }: WeightsPiece,
  fill: (out: number, bits: number, size: number, from: number, words: StepWords) => number,
): number {
  const { low, high } = seedWords(seed)
  checkIndex('stream', stream)
  const place = mask instanceof Uint8Array ? placeBits : placeChunk
  const [out, bits] = place(kernels, mask as never, count)
  let kept = 0
  for (let from = 0; from < count; from += STEP) {
    const size = Math.min(STEP, count - from)
    const words: StepWords = [start + from, stream % TWO_32, Math.floor(stream / TWO_32), low, high]
    kept += fill(out, bits + from / 8, size, from, words)
  }
  return kept
}

/** Addresses of room for a step's weights, and of all bits. */
function placeBits(kernels: Kernels, mask: Uint8Array, count: number): [number, number] {
  const bytes = Math.ceil(count / 8)
  if (mask.length < bytes) throw new CodingError(`expected ${bytes} bytes of bits, got ${mask.length}`)
  const [weights, bits] = kernels.reserve(4 * Math.min(STEP, count), bytes + SLACK)
  new Uint8Array(kernels.exports.memory.buffer).set(mask.subarray(0, bytes), bits)
  return [weights, bits]
}

function placeChunk(kernels: Kernels, job: ChunkJob, count: number): [number, number] {
  const range = chunkRange(job.geometry, job.index)
  if (range.count !== count) throw new RangeError(`"count" expected the chunk's ${range.count} weights, got ${count}`)
  const [weights, ...places] = kernels.reserve(4 * Math.min(STEP, count), ...chunkReserve(kernels, job))
  decodeChunk(kernels, job, places)
  return [weights, places[1]]
}
