import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leastStart, neighbour } from '../../src/subset-sum/least-start.js'

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
/** Numbers that meet: a few digits at a few sizes. */
const meeting = fc
  .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -60, max: 60 }), fc.integer({ min: -3, max: 3 }))
  .map(([digit, power, ulps]) => digit * 2 ** power * (1 + ulps * 2 ** -52))

const expectLeast = (p: number, bound: number) => {
  const x = leastStart(p, bound)
  if (x === Number.POSITIVE_INFINITY) {
    expect(Number.MAX_VALUE + p).toBeLessThan(bound)
    return
  }
  expect(x + p).toBeGreaterThanOrEqual(bound)
  if (x > -Number.MAX_VALUE) expect(neighbour(x, -1) + p).toBeLessThan(bound)
}

describe('the least start of a rounded sum', () => {
  it('reaches the bound, and the number below it does not', () => {
    fc.assert(fc.property(finite, finite, expectLeast), { numRuns: 20_000 })
    fc.assert(fc.property(meeting, meeting, expectLeast), { numRuns: 20_000 })
  })

  it('at the ends of the range', () => {
    const ends = [0, Number.MIN_VALUE, 2 ** -1022, 1, 2 ** 53, 2 ** 1023, Number.MAX_VALUE]
    const both = ends.flatMap((end) => [end, -end, neighbour(end, -1), -neighbour(end, -1)]).filter(Number.isFinite)
    for (const p of both) for (const bound of both) expectLeast(p, bound)
    expect(leastStart(1, Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY)
    expect(leastStart(1, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  })

  it('where a small start is rounded away', () => {
    expect(leastStart(1, 1)).toBe(-(2 ** -54)) // half the step below 1; the tie goes to 1, which is even
    expect(leastStart(1, 1 + 2 ** -52)).toBe(2 ** -53 + 2 ** -105) // more than half the step above 1
  })
})

describe('neighbours', () => {
  it('lie next to a number', () => {
    expect(neighbour(1, 1)).toBe(1 + 2 ** -52)
    expect(neighbour(1, -1)).toBe(1 - 2 ** -53)
    expect(neighbour(-1, 1)).toBe(-1 + 2 ** -53)
    expect(neighbour(0, -1)).toBe(-Number.MIN_VALUE)
    expect(neighbour(Number.MAX_VALUE, 1)).toBe(Number.POSITIVE_INFINITY)
    expect(neighbour(2 ** -20 * (2 - 2 ** -52), 1)).toBe(2 ** -19)
  })
})
