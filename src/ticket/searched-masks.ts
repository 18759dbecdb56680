import { countOnes, getBit, packedBytes, tailIsZero } from '../mask/packed-bits.js'
import type { RowCopies } from '../mask/row-copies.js'
import { liesWithin } from '../mask/within.js'
import {
  COAT_LIMIT,
  GENERATION_LIMIT,
  generationBits,
  generationName,
  maskName,
  type SearchedMatrix,
} from './searched.js'

/** The mask of a matrix, and which redrawing its kept weights are of. */
export interface SearchedMask {
  readonly spec: SearchedMatrix
  /** Packed bits [in * out], least significant first: bit i keeps weight i, row-major. */
  readonly mask: Uint8Array
  /** One for each kept weight, in index order: uint8 [kept]; null where all are 0. */
  readonly generations: Uint8Array | null
  /** Packed bits [in * out] of the second coat, the third, and so on; each lies within the one before it. */
  readonly coats: readonly Uint8Array[]
  /** Packed bits [in * out] of the kept weights whose sign is the opposite of the seed's; null where there are none. */
  readonly inverted: Uint8Array | null
  /** The rows that are copies of another one's weights, whatever the mask has there; null where none is. */
  readonly copies: RowCopies | null
}

/** The generations of a matrix' kept weights as the file holds them. */
export interface PackedGenerations {
  /** The highest of them, 0 to 255. */
  readonly highest: number
  /** [ceil(kept * generationBits(highest) / 8)]. */
  readonly bytes: Uint8Array
}

/**
 * Packs the generations of kept weights: `generationBits(highest)` bits each, least significant bit first.
 * @param all the generation of every weight, kept or not: uint8 [count]
 * @param mask packed bits [count]
 */
export function packGenerations(all: Uint8Array, mask: Uint8Array): PackedGenerations {
  let highest = 0
  let kept = 0
  for (let i = 0; i < all.length; i++) {
    if (!getBit(mask, i)) continue
    kept++
    if (all[i] > highest) highest = all[i]
  }
  const bits = generationBits(highest)
  const bytes = new Uint8Array(packedBytes(kept * bits))
  if (bits === 0) return { highest, bytes }
  for (let i = 0, at = 0; i < all.length; i++) {
    if (!getBit(mask, i)) continue
    // A value may lie across two bytes; the second is there whenever bits go into it.
    const byte = Math.floor(at / 8)
    const value = all[i] << (at % 8)
    bytes[byte] |= value & 255
    if (value > 255) bytes[byte + 1] |= value >>> 8
    at += bits
  }
  return { highest, bytes }
}

/** The generations of kept weights: uint8 [kept]. The opposite of {@link packGenerations}. */
export function unpackGenerations(bytes: Uint8Array, kept: number, highest: number): Uint8Array {
  const bits = generationBits(highest)
  const generations = new Uint8Array(kept)
  for (let j = 0, at = 0; j < kept; j++, at += bits) {
    const byte = Math.floor(at / 8)
    const two = bytes[byte] | ((bytes[byte + 1] ?? 0) << 8)
    generations[j] = (two >>> (at % 8)) & (2 ** bits - 1)
  }
  return generations
}

/**
 * Checks the masks and generations of a matrix against their specification: lengths, counts, no bits past the end, what lies within what.
 * @throws TypeError or RangeError naming the matrix and what was wrong
 */
export function assertSearchedMask({ spec, mask, generations, coats, inverted }: Omit<SearchedMask, 'copies'>): void {
  const { name, shape, kept } = spec
  const count = shape[0] * shape[1]
  assertOnes(maskName(name), mask, count, kept)
  assertNested(name, { mask, coats, inverted }, count)
  for (const [i, coat] of coats.entries()) assertOnes(`${name}.coat.${i + 2}`, coat, count, spec.coats?.[i] ?? 0)
  if (inverted) assertOnes(`${name}.inverted`, inverted, count, spec.inverted ?? 0)
  if (generations === null) {
    if (spec.generations > 0) throw new RangeError(`"${generationName(name)}" expected generations, got none`)
    return
  }
  if (generations.length !== kept) {
    throw new RangeError(`"${generationName(name)}" expected ${kept} generations, got ${generations.length}`)
  }
  const highest = generations.reduce((most, generation) => Math.max(most, generation), 0)
  if (highest !== spec.generations) {
    throw new RangeError(`"${generationName(name)}" expected generations up to ${spec.generations}, got ${highest}`)
  }
}

function assertOnes(name: string, mask: Uint8Array, count: number, expected: number): void {
  assertMask(name, mask, count)
  const ones = countOnes(mask, count)
  if (ones !== expected) throw new RangeError(`"${name}" expected ${expected} kept weights, got ${ones}`)
}

/**
 * Throws unless the coats of a matrix are masks that lie each within the one before it, and the inverted weights are kept ones.
 * @param masks checked for their lengths, but for `mask`
 */
export function assertNested(
  name: string,
  { mask, coats, inverted }: Pick<SearchedMask, 'mask' | 'coats' | 'inverted'>,
  count: number,
): void {
  if (coats.length > COAT_LIMIT - 1) {
    throw new RangeError(`"${name}.coats" expected at most ${COAT_LIMIT} coats in all, got ${coats.length + 1}`)
  }
  let outer = mask
  for (const [i, coat] of coats.entries()) {
    assertMask(`${name}.coat.${i + 2}`, coat, count)
    if (!liesWithin(coat, outer)) {
      throw new RangeError(`"${name}.coat.${i + 2}" expected weights of coat ${i + 1} alone, got others`)
    }
    outer = coat
  }
  if (inverted === null) return
  assertMask(`${name}.inverted`, inverted, count)
  if (!liesWithin(inverted, mask)) throw new RangeError(`"${name}.inverted" expected kept weights alone, got others`)
}

/** Throws unless packed bits are as many as there should be, with zeros past their end. */
export function assertMask(name: string, mask: Uint8Array, count: number): void {
  if (!(mask instanceof Uint8Array)) throw new TypeError(`"${name}" expected a Uint8Array`)
  const bytes = packedBytes(count)
  if (mask.length !== bytes) throw new RangeError(`"${name}" expected ${bytes} bytes, got ${mask.length}`)
  if (!tailIsZero(mask, count)) throw new RangeError(`"${name}" expected zero bits past its end`)
}

/** Throws unless there is a generation for every weight. A uint8 cannot be too high. */
export function assertGenerations(name: string, all: Uint8Array, count: number): void {
  if (!(all instanceof Uint8Array)) throw new TypeError(`"${generationName(name)}" expected a Uint8Array`)
  if (all.length !== count) {
    throw new RangeError(
      `"${generationName(name)}" expected ${count} generations (0 to ${GENERATION_LIMIT}), got ${all.length}`,
    )
  }
}

/** Generations of kept weights as those of all weights, 0 for the others: uint8 [count]. */
export function unpackedGenerations(kept: Uint8Array, mask: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(count)
  for (let i = 0, j = 0; i < count; i++) if (getBit(mask, i)) all[i] = kept[j++]
  return all
}
