import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countOverlap, overlapOf, sumOverlaps } from '../../src/inspect/mask-overlap.js'
import { packBits } from '../../src/mask/index.js'

const one = (bits: readonly number[], generations: readonly number[] | null = null) => ({
  mask: packBits(bits),
  generations: generations && Uint8Array.from(generations),
  coats: [] as Uint8Array[],
  inverted: null as Uint8Array | null,
})
const bitsOf = (text: string) => [...text].map(Number)

test('two small masks', () => {
  //                 both:   x x
  const a = one(bitsOf('110110100000'))
  const b = one(bitsOf('011011000000'))
  const counts = countOverlap(12, [a, b], null)
  expect(counts).toMatchObject({ kept: [5, 4], both: 2, start: null })
  const { overlap, chance, correlation, beyondStart } = overlapOf(counts)
  expect(overlap).toBe(2 / 7)
  expect(chance).toBeCloseTo(20 / 12 / (9 - 20 / 12), 12)
  // Pearson's: (n ab - a b) / sqrt(a (n - a) b (n - b))
  expect(correlation).toBeCloseTo((12 * 2 - 20) / Math.sqrt(5 * 7 * 4 * 8), 12)
  expect(beyondStart).toBeNull()
})

test('kept by both is the same weight: another redrawing of it is another weight', () => {
  const a = one(bitsOf('1110'), [0, 2, 1])
  const b = one(bitsOf('0111'), [2, 0, 5]) // weight 1 is of generation 2 in both, weight 2 of 1 and of 0
  expect(countOverlap(4, [a, b], null).both).toBe(1)
  expect(countOverlap(4, [a, one(bitsOf('0111'))], null).both).toBe(0)
  expect(countOverlap(4, [one(bitsOf('1110')), one(bitsOf('0111'))], null).both).toBe(2)
})

test('weights that are copies in both are left out', () => {
  const copies = (own: string) => ({ row: 0, own: packBits(bitsOf(own)), rows: 3, columns: 4 })
  const [a, b] = [one(bitsOf('110100000000')), one(bitsOf('011001100000'))]
  const counts = countOverlap(
    12,
    [
      { ...a, copies: copies('100') },
      { ...b, copies: copies('110') },
    ],
    null,
  )
  const alone = countOverlap(8, [one(bitsOf('11010000')), one(bitsOf('01100110'))], null)
  expect(counts).toEqual(alone)
  expect(counts.weights).toBe(8)
  expect(countOverlap(12, [{ ...a, copies: copies('100') }, b], null).weights).toBe(12)
})

test('a mask and itself, and its opposite; nothing is said of what is empty or full', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 2, maxLength: 40 }), (bits) => {
      const n = bits.length
      const kept = bits.reduce((sum, bit) => sum + bit, 0)
      const same = overlapOf(countOverlap(n, [one(bits), one(bits)], null))
      const opposite = overlapOf(countOverlap(n, [one(bits), one(bits.map((bit) => 1 - bit))], null))
      if (kept === 0 || kept === n) {
        expect([same.correlation, opposite.correlation]).toEqual([null, null])
        expect(same.overlap).toBe(kept === 0 ? null : 1)
        return
      }
      expect(same.overlap).toBe(1)
      expect(same.correlation).toBeCloseTo(1, 12)
      expect(opposite.overlap).toBe(0)
      expect(opposite.correlation).toBeCloseTo(-1, 12)
    }),
  )
})

test('over all masks of some ones the correlation is 0 on average, and its variance 1 / (n - 1)', () => {
  const n = 8
  const fixed = one(bitsOf('11100000'))
  const found: number[] = []
  for (let bits = 0; bits < 256; bits++) {
    const own = Array.from({ length: n }, (_, i) => (bits >> i) & 1)
    if (own.reduce((sum, bit) => sum + bit, 0) !== 3) continue
    found.push(overlapOf(countOverlap(n, [fixed, one(own)], null)).correlation!)
  }
  expect(found).toHaveLength(56)
  expect(found.reduce((sum, r) => sum + r, 0)).toBeCloseTo(0, 10)
  expect(found.reduce((sum, r) => sum + r * r, 0) / 56).toBeCloseTo(1 / (n - 1), 10)
})

test('masks that the starting scores explain share much, and nothing beyond them', () => {
  const n = 1 << 17 // more than one chunk
  const places = Uint8Array.from({ length: n }, (_, i) => (i * 40503) & 127)
  const magnitudes = (start: number, size: number) => places.subarray(start, start + size)
  let state = 1
  const random = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  // A weight is the likelier kept, the higher it started; the two masks draw apart.
  const drawn = () => Array.from(places, (place) => (random() < (place / 127) ** 2 ? 1 : 0))
  const [first, second] = [drawn(), drawn()]
  const apart = overlapOf(countOverlap(n, [one(first), one(second)], magnitudes))
  expect(apart.correlation).toBeGreaterThan(0.3)
  expect(apart.start).toBeCloseTo(apart.overlap!, 2)
  expect(Math.abs(apart.beyondStart!)).toBeLessThan(4 / Math.sqrt(n))
  const alike = overlapOf(
    countOverlap(n, [one(first), one(first.map((bit, i) => (i % 4 === 0 ? second[i] : bit)))], magnitudes),
  )
  expect(alike.beyondStart).toBeGreaterThan(0.6)
  const small = countOverlap(2047, [one(first.slice(0, 2047)), one(second.slice(0, 2047))], magnitudes)
  expect(overlapOf(small).beyondStart).toBeNull()
})

test('matrices are added within themselves: their densities alone make no correlation', () => {
  const dense = countOverlap(4, [one([1, 1, 1, 0]), one([1, 1, 0, 1])], null)
  const sparse = countOverlap(4, [one([1, 0, 0, 0]), one([0, 1, 0, 0])], null)
  const sum = sumOverlaps([dense, sparse])
  expect(sum).toMatchObject({ weights: 8, kept: [4, 4], both: 2 })
  expect(overlapOf(sum).correlation).toBeCloseTo((2 - (9 / 4 + 1 / 4)) / (3 / 4 + 3 / 4), 12)
})

test('signs and coats of the weights that both keep', () => {
  const bits = (text: string) => packBits(bitsOf(text))
  const a = { ...one(bitsOf('11110')), inverted: bits('11000'), coats: [bits('11100'), bits('10000')] }
  const b = { ...one(bitsOf('01111')), inverted: bits('01101'), coats: [bits('01011')] }
  const counts = countOverlap(5, [a, b], null)
  // both keep weights 1, 2, 3: signs 1 0 0 and 1 1 0; coats beyond the first 1 1 0 and 1 0 1
  expect(counts).toMatchObject({
    both: 3,
    signs: { of: 3, same: 2, chance: (2 * 1 + 1 * 2) / 3 },
    coats: { of: 3, same: 1, chance: (1 * 1 + 2 * 2) / 3 },
  })
  expect(overlapOf(counts).signs).toEqual({ same: 2 / 3, chance: 4 / 9 })
  const plain = countOverlap(5, [one(bitsOf('11110')), b], null)
  expect([plain.signs, plain.coats]).toEqual([null, null])
  // A matrix without signs to compare says nothing of them.
  expect(overlapOf(sumOverlaps([counts, plain])).signs).toEqual({ same: 2 / 3, chance: 4 / 9 })
})
