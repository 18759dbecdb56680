/** How the masks of a ticket are stored, and read. */
import {
  decodeMask,
  encodeMask,
  inflate,
  leastDeflatedBytes,
  leastMaskBytes,
  type MaskShape,
  maskGeometry,
  startProbability,
} from '../coding/index.js'
import { packedBytes } from '../mask/packed-bits.js'
import type { MaskCoding, MaskSize } from './head.js'
import type { PairSpec } from './pair.js'

/** Compresses into raw deflate; each platform brings its own. */
export type Deflate = (bytes: Uint8Array) => Uint8Array

/**
 * Bytes that a tensor may take in the file. The least is what the coding cannot go below; the most is more than any sensible
 * coder makes.
 * @param plain bytes that the tensor takes uncoded
 * @param mask is absent for a tensor that is no mask, which the range coder leaves as it is
 */
export function storedRange(coding: MaskCoding, plain: number, mask?: MaskSize): { least: number; most: number } {
  if (coding === 'bits' || (coding === 'range' && !mask)) return { least: plain, most: plain }
  const least =
    coding === 'range' ? leastMaskBytes(maskGeometry(mask!.count, mask!.columns)) : leastDeflatedBytes(plain)
  return { least, most: 2 * plain + 64 }
}

/** What decoder and encoder know of the second mask of a pair: as many ones as zeros to begin with, and no scores. */
export function pairShape({ hidden, outputs }: Pick<PairSpec, 'hidden' | 'outputs'>): MaskShape {
  const count = hidden * outputs
  return { geometry: maskGeometry(count, outputs), start: startProbability(count / 2, count), magnitudes: null }
}

/** The stored bytes of a mask. @param deflate is needed for the coding of that name */
export function storeMask(
  mask: Uint8Array,
  coding: MaskCoding,
  shape: () => MaskShape,
  deflate: Deflate | undefined,
): Uint8Array {
  return coding === 'range' ? encodeMask(mask, shape()) : storeBytes(mask, coding, deflate)
}

/** The stored bytes of something that the range coder does not know. */
export function storeBytes(bytes: Uint8Array, coding: MaskCoding, deflate: Deflate | undefined): Uint8Array {
  if (coding !== 'deflate' || bytes.length === 0) return bytes
  if (!deflate) throw new RangeError('"deflate" expected a function for the coding deflate, got nothing')
  return deflate(bytes)
}

/**
 * The packed bits of a stored mask.
 * @throws RangeError when they are no mask of this shape
 */
export async function recallMask(
  stored: Uint8Array,
  coding: MaskCoding,
  shape: MaskShape,
  decode: typeof decodeMask = decodeMask,
): Promise<Uint8Array> {
  if (coding === 'range') return decode(stored, shape)
  return recallBytes(stored, coding, packedBytes(shape.geometry.count))
}

/** The opposite of {@link storeBytes}. @param size bytes that there must be */
export async function recallBytes(stored: Uint8Array, coding: MaskCoding, size: number): Promise<Uint8Array> {
  return coding === 'deflate' && size > 0 ? inflate(stored, size) : stored
}
