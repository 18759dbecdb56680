import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countOnes, keepTopK, unpackBits } from '../../src/mask/index.js'
import { generateWeights } from '../../src/random/index.js'

/** The same by sorting: largest first, of equals the lower index first. */
function keepBySorting(scores: Float32Array, k: number): number[] {
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b)
  const flags = new Array(scores.length).fill(0)
  for (const i of order.slice(0, k)) flags[i] = 1
  return flags
}

/** Finite scores: sorting by a difference has no answer for two equal infinities. */
const few = fc.array(fc.constantFrom(-1, -0, 0, 1, 1.5, 3e38, -3e38, 1e-45), { maxLength: 60 })
const any = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 300 })

test('equals sorting, ties and signed zeros included (fast-check)', () => {
  fc.assert(
    fc.property(fc.oneof(few, any), fc.nat(), (list, n) => {
      const scores = Float32Array.from(list)
      const k = n % (list.length + 1)
      expect([...unpackBits(keepTopK(scores, k), list.length)]).toEqual(keepBySorting(scores, k))
    }),
    { seed: 1, numRuns: 3_000 },
  )
})

test('exactly k of 100,000 are kept, none smaller than one that is not', () => {
  const scores = generateWeights({ seed: 1, stream: 0, init: { kind: 'normal', std: 1 }, count: 100_000 })
  const mask = keepTopK(scores, 30_000)
  expect(countOnes(mask)).toBe(30_000)
  const kept = unpackBits(mask, scores.length)
  const least = Math.min(...scores.filter((_, i) => kept[i]).slice(0, 30_000))
  expect(scores.filter((score, i) => !kept[i] && score > least).length).toBe(0)
})

test('infinities are scores', () => {
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number
  expect([...unpackBits(keepTopK(Float32Array.of(low, 3.4e38, high, low), 3), 4)]).toEqual([1, 1, 1, 0])
})

test('bad input is refused', () => {
  expect(() => keepTopK(new Float32Array(3), 4)).toThrow('"k" expected an integer from 0 to 3, got 4')
  expect(() => keepTopK(Float32Array.of(1, Number.NaN), 1)).toThrow('"scores" expected numbers, got NaN at index 1')
  expect(() => keepTopK([1] as unknown as Float32Array, 1)).toThrow(TypeError)
})
