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
  readonly mask: MaskBits
  /** Of the second coat, the third, and so on; each lies within the one before it. Default none. */
  readonly coats?: readonly MaskBits[] | undefined
  /** Of the kept weights whose sign is the opposite of the seed's; it lies within `mask`. Default none. */
  readonly inverted?: MaskBits | undefined
  /** Factor of every weight, a float32 number; default 1. */
  readonly scale?: number | undefined
}

/** Packed bits whose bit 0 is of the first weight, or a chunk of a coded mask. */
export type MaskBits = Uint8Array | ChunkJob

/** Ones of the masks of a piece: of its mask, then of each further coat, then of the inverted weights, where there are any. */
export type PieceOnes = readonly number[]

/** Most weights of a piece whose mask is plain bits. */
export const PIECE_LIMIT = 2 ** 20

/** Weights made in one go, so that kernel memory stays small. A multiple of 8. */
const STEP = 2 ** 18

/**
 * The random weights r of a piece, `float32(float32(r * scale) * k)` where its mask keeps them and 0 elsewhere, k being the number of a weight's
 * coats, negative where it is inverted: the same bits as `materialiseMatrix` of src/ticket. Masks are decoded on the way.
 * @param out receives them: float32 [count], in memory of any kind
 * @returns the ones of each mask
 * @throws CodingError when a coded mask is unsound
 */
export function makeMaskedWeights(kernels: Kernels, piece: WeightsPiece, out: Float32Array): PieceOnes {
  const { init, count, coats = [], inverted, scale = 1 } = piece
  if (out.length !== count) throw new RangeError(`"out" expected ${count} weights, got room for ${out.length}`)
  const { exports } = kernels
  const magnitude = initialisationScale(init)
  const isDressed = scale !== 1 || coats.length > 0 || inverted !== undefined
  return inSteps(kernels, piece, 4, ({ to, masks, layers, size, from, words }) => {
    exports.fillMasked(to, masks[0], size, ...words, kinds[init.kind], magnitude)
    if (isDressed) {
      if (coats.length > 0) new Uint8Array(exports.memory.buffer).fill(1, layers, layers + size)
      for (const coat of masks.slice(1, 1 + coats.length)) exports.addCoat(layers, coat, size)
      exports.dressWeights(to, size, scale, coats.length > 0 ? layers : 0, inverted ? masks[1 + coats.length] : 0)
    }
    out.set(new Float32Array(exports.memory.buffer, to, size), from)
  })
}

/**
 * A piece of signed constants of one coat as codes of two bits, four a byte, lowest bits first: 2 for a dropped weight, 1 for a negative one, 3 for a
 * positive one.
 * @param out receives them: uint8 [ceil(count / 4)]; codes past the end are 2
 * @returns the ones of each mask
 * @throws CodingError when a coded mask is unsound; RangeError for another initialisation or several coats
 */
export function makeTernaryCodes(kernels: Kernels, piece: WeightsPiece, out: Uint8Array): PieceOnes {
  const { init, count, coats = [], inverted } = piece
  if (init.kind !== 'signed-constant') throw new RangeError(`"init" expected signed-constant, got ${init.kind}`)
  if (coats.length > 0) throw new RangeError(`"coats" expected one coat in all, got ${coats.length + 1}`)
  const bytes = Math.ceil(count / 4)
  if (out.length !== bytes) throw new RangeError(`"out" expected ${bytes} bytes of codes, got ${out.length}`)
  const { exports } = kernels
  return inSteps(kernels, piece, 1, ({ to, masks, size, from, words }) => {
    exports.fillTernary(to, masks[0], size, ...words)
    if (inverted) exports.invertTernary(to, masks[1], size)
    out.set(new Uint8Array(exports.memory.buffer, to, Math.ceil(size / 4)), from / 4)
  })
}

/** Index of a step's first weight in its stream, then the halves of the stream's number and of the seed, as the kernels take them. */
type StepWords = readonly [start: number, streamLow: number, streamHigh: number, keyLow: number, keyHigh: number]

/** A step: addresses of its weights, of its bits of each mask and of a byte for each weight; how many it has, and where they begin in the piece. */
interface Step {
  readonly to: number
  readonly masks: readonly number[]
  readonly layers: number
  readonly size: number
  readonly from: number
  readonly words: StepWords
}

/**
 * Decodes a piece's masks and makes its weights {@link STEP} at a time.
 * @param width bytes of a made weight, at most
 * @returns the ones of each mask
 */
function inSteps(
  kernels: Kernels,
  { seed, stream, start, count, mask, coats = [], inverted }: WeightsPiece,
  width: number,
  fill: (step: Step) => void,
): PieceOnes {
  const { low, high } = seedWords(seed)
  checkIndex('stream', stream)
  const all = [mask, ...coats, ...(inverted ? [inverted] : [])]
  const step = Math.min(STEP, count)
  const reserves = all.map((bits) => reserveOf(kernels, bits, count))
  const places = kernels.reserve(width * step, coats.length > 0 ? step : 0, ...reserves.flat())
  const [to, layers] = places
  const masks: number[] = []
  for (const [i, bits] of all.entries()) {
    const at = 2 + reserves.slice(0, i).reduce((sum, sizes) => sum + sizes.length, 0)
    // A coat lies within the one before it, inverted weights within the mask.
    const outer = i === 0 ? 0 : inverted && i === all.length - 1 ? masks[0] : masks[i - 1]
    masks.push(place(kernels, bits, places.slice(at, at + reserves[i].length), outer, count))
  }
  for (let from = 0; from < count; from += STEP) {
    const size = Math.min(STEP, count - from)
    const words: StepWords = [start + from, stream % TWO_32, Math.floor(stream / TWO_32), low, high]
    fill({ to, masks: masks.map((bits) => bits + from / 8), layers, size, from, words })
  }
  return masks.map((bits) => kernels.exports.countKept(bits, count))
}

/** Bytes of kernel memory for a mask. @throws CodingError or RangeError when it is not of as many weights as the piece */
function reserveOf(kernels: Kernels, bits: MaskBits, count: number): number[] {
  if (bits instanceof Uint8Array) {
    const bytes = Math.ceil(count / 8)
    if (bits.length < bytes) throw new CodingError(`expected ${bytes} bytes of bits, got ${bits.length}`)
    return [bytes + SLACK]
  }
  const range = chunkRange(bits.geometry, bits.index)
  if (range.count !== count) throw new RangeError(`"count" expected the chunk's ${range.count} weights, got ${count}`)
  return chunkReserve(kernels, bits)
}

/** Puts the bits of a mask into kernel memory. @returns their address */
function place(kernels: Kernels, bits: MaskBits, places: readonly number[], outer: number, count: number): number {
  if (bits instanceof Uint8Array) {
    const [at] = places
    new Uint8Array(kernels.exports.memory.buffer).set(bits.subarray(0, Math.ceil(count / 8)), at)
    return at
  }
  decodeChunk(kernels, bits, places, outer)
  return places[1]
}
