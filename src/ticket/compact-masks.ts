/**
 * The masks of a whole ticket as one stream of the range coder, so that its state is paid for once. Bits are predicted in one
 * of two ways, whichever makes the stream shorter:
 *
 * - *urn*: the mask is an urn of which `kept` of `count` balls are left; the next bit is one with probability ones left over
 *   bits left. A mask of which nothing but its density is known takes log2 of (count choose kept) bits.
 * - *model*: that of src/coding, with one byte of parameters for all matrices; pays where the seed's scores tell something.
 */
import { chooseParameters, costOfBit, SAMPLE } from '../coding/choose-parameters.js'
import { groupWithin } from '../coding/coded-mask.js'
import { lineContexts } from '../coding/decode-mask.js'
import { GROUP } from '../coding/geometry.js'
import {
  leastStreamBytes,
  type MaskParameters,
  type MaskShape,
  packParameters,
  unpackParameters,
} from '../coding/index.js'
import { createMaskModel } from '../coding/mask-model.js'
import { PROBABILITY_ONE } from '../coding/parameters.js'
import { CodingError, createBitDecoder, encodeBits } from '../coding/rans.js'
import { getBit, packedBytes } from '../mask/packed-bits.js'

/** What both sides know of a mask before it is read. */
export interface KnownMask {
  /** What the mask lies within is known once the masks before it are read. */
  readonly shape: MaskShape
  /** Bits that are coded: those of the mask that it lies within. Default: all, `shape.geometry.count`. */
  readonly coded?: number | undefined
  /** Ones, an integer from 0 to `coded`. */
  readonly kept: number
  /** What this mask lies within, from the masks before it; absent where all its bits are coded. */
  readonly outer?: ((before: readonly Uint8Array[]) => Uint8Array) | undefined
  /** Whether its bits are rows of a matrix, which have no scores. Default false. */
  readonly isRows?: boolean | undefined
}

/** The first byte where bits are predicted by the urn: parameters with 8 lanes, which do not occur here. */
const URN = 128

/**
 * @param masks packed bits, least significant first, each with as many ones as `known` says
 * @returns a byte for the way of prediction, then the stream
 */
export function encodeMasks(masks: readonly Uint8Array[], known: readonly KnownMask[]): Uint8Array {
  const model = encodeAs(masks, known, parametersFor(masks, known))
  const urn = encodeAs(masks, known, null)
  return urn.length <= model.length ? urn : model
}

/**
 * @throws CodingError when the bytes are no stream of these masks
 */
export function decodeMasks(bytes: Uint8Array, known: readonly KnownMask[]): Uint8Array[] {
  if (bytes.length === 0) throw new CodingError('the masks are missing')
  const parameters = bytes[0] === URN ? null : unpackParameters(bytes[0])
  if (parameters?.lanes === 8) throw new CodingError(`masks are coded in an unknown way ${bytes[0]}`)
  if (parameters && parameters.contextBits > 0 && !hasScores(known)) {
    throw new CodingError('scores are needed, but none are named')
  }
  const count = known.reduce((sum, mask) => sum + codedOf(mask), 0)
  const least = 1 + leastStreamBytes(count)
  if (bytes.length < least) throw new CodingError(`expected at least ${least} bytes of masks, got ${bytes.length}`)
  const decoder = createBitDecoder(bytes.subarray(1), 1)
  const masks: Uint8Array[] = []
  for (const mask of known) {
    const packed = new Uint8Array(packedBytes(mask.shape.geometry.count))
    visitBits(placed(mask, masks), parameters, (i, probability) => {
      const bit = decoder.read(0, probability)
      if (bit) packed[i >>> 3] |= 1 << (i & 7)
      return bit
    })
    masks.push(packed)
  }
  decoder.end()
  return masks
}

function encodeAs(
  masks: readonly Uint8Array[],
  known: readonly KnownMask[],
  parameters: MaskParameters | null,
): Uint8Array {
  const count = known.reduce((sum, mask) => sum + codedOf(mask), 0)
  const probabilities = new Uint16Array(count)
  const bits = new Uint8Array(count)
  let at = 0
  for (const [m, mask] of masks.entries()) {
    visitBits(placed(known[m], masks), parameters, (i, probability) => {
      probabilities[at] = probability
      bits[at] = getBit(mask, i) ? 1 : 0
      return bits[at++]
    })
  }
  const stream = encodeBits(probabilities, bits, null, 1)
  const out = new Uint8Array(1 + stream.length)
  out[0] = parameters ? packParameters(parameters) : URN
  out.set(stream, 1)
  return out
}

/** What a visitor does with a bit: it is told the probability (of 4096) and says the bit. */
type VisitBit = (index: number, probability: number) => number

function visitBits(mask: KnownMask, parameters: MaskParameters | null, visit: VisitBit): void {
  if (parameters === null) visitUrn(mask, visit)
  else visitModel(mask, parameters, visit)
}

function visitUrn(mask: KnownMask, visit: VisitBit): void {
  const { geometry, within } = mask.shape
  let [ones, left] = [mask.kept, codedOf(mask)]
  for (let i = 0; i < geometry.count; i++) {
    if (within && !getBit(within, i)) continue
    const nearest = Math.floor((ones * PROBABILITY_ONE) / left-- + 0.5)
    ones -= visit(i, Math.min(Math.max(nearest, 1), PROBABILITY_ONE - 1))
  }
}

function visitModel({ shape }: KnownMask, parameters: MaskParameters, visit: VisitBit): void {
  const { geometry, within } = shape
  const { count, width } = geometry
  const model = createMaskModel(width, shape.start, parameters)
  const probabilities = new Uint16Array(GROUP)
  for (let line = 0; line < count; line += width) {
    const columns = Math.min(width, count - line)
    const contexts = lineContexts(shape, parameters, line, columns)
    model.startLine()
    for (let column = 0; column < columns; column += GROUP) {
      const size = Math.min(GROUP, columns - column)
      model.predict(column, contexts, size, probabilities)
      const coded = groupWithin(within, line + column, size)
      let bits = 0
      for (let k = 0; k < size; k++) if ((coded >>> k) & 1) bits |= visit(line + column + k, probabilities[k]) << k
      model.learn(column, contexts, size, bits, coded)
    }
  }
}

const codedOf = ({ shape, coded = shape.geometry.count }: KnownMask): number => coded

/** A mask with what it lies within. @param masks those before it, at least */
const placed = (mask: KnownMask, masks: readonly Uint8Array[]): KnownMask =>
  mask.outer === undefined ? mask : { ...mask, shape: { ...mask.shape, within: mask.outer(masks) } }

/** Whether contexts can be made: every mask of weights has scores. Lists of rows, which have none, are read under context 0. */
const hasScores = (known: readonly KnownMask[]): boolean =>
  known.every(({ shape, isRows = false }) => isRows || shape.magnitudes !== null)

/** Those that make the first masks shortest, whole ones until there are enough bits. */
function parametersFor(masks: readonly Uint8Array[], known: readonly KnownMask[]): MaskParameters {
  return chooseParameters(1, hasScores(known), (parameters) => {
    let cost = 0
    let seen = 0
    for (let m = 0; m < masks.length && seen < SAMPLE; m++) {
      visitModel(placed(known[m], masks), parameters, (i, probability) => {
        const bit = getBit(masks[m], i) ? 1 : 0
        cost += costOfBit(bit, probability)
        return bit
      })
      seen += codedOf(known[m])
    }
    return cost
  })
}
