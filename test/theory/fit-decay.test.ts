import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitExponential } from '../../src/theory/fit.js'
import { fitDecay } from '../../src/theory/fit-decay.js'

describe('one exponential by least squares', () => {
  test('is that of Levenberg and Marquardt, on noisy decays, and leaves no more', () => {
    const factors = fc.double({ min: 0.05, max: 20, noNaN: true })
    const rates = fc.double({ min: 0.2, max: 1.5, noNaN: true })
    const noise = fc.array(fc.double({ min: 0.7, max: 1.4, noNaN: true }), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(factors, rates, noise, (factor, rate, by) => {
        const x = by.map((_, i) => 1 + i)
        const y = by.map((each, i) => factor * each * Math.exp(-rate * (1 + i)))
        const wanted = fitExponential(x, y)
        const found = fitDecay(x, y)
        const left = (a: number, b: number) =>
          x.reduce((sum, each, i) => sum + (y[i] - a * Math.exp(-b * each)) ** 2, 0)
        expect(Math.abs(found.rate - wanted.rate)).toBeLessThan(2e-3 * rate)
        expect(Math.abs(found.factor - wanted.factors[0])).toBeLessThan(2e-3 * factor)
        expect(left(found.factor, found.rate) / left(wanted.factors[0], wanted.rate)).toBeLessThan(1 + 1e-9)
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  test('finds an exact decay again, far from 0 too', () => {
    for (const from of [0, 1000]) {
      const x = [0, 1, 2, 5].map((each) => from + each)
      const { rate, factor } = fitDecay(
        x,
        x.map((each) => 0.8 * Math.exp(-0.06 * (each - from))),
      )
      expect(rate).toBeCloseTo(0.06, 7)
      expect(factor * Math.exp(-rate * from)).toBeCloseTo(0.8, 6)
    }
  })

  test('refuses what no exponential goes through', () => {
    expect(() => fitDecay([1, 1], [1, 2])).toThrow(/two different values/)
    expect(() => fitDecay([1, 2], [1])).toThrow(/"y" expected 2 values, got 1/)
    expect(() => fitDecay([1, 2], [1, Number.NaN])).toThrow(/"y\[1\]" expected a finite number, got NaN/)
    expect(() => fitDecay([1, 2], [0, 0])).toThrow(RangeError)
  })
})
