import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitExponential, fitSharedRate } from '../../src/theory/fit.js'

const x = Array.from({ length: 11 }, (_, i) => 4 * i)

describe('exponential fits', () => {
  it.each(['linear', 'log'] as const)('recovers exact parameters, %s', (scale) => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        fc.double({ min: 0.005, max: 0.3, noNaN: true }),
        (a, b) => {
          const fit = fitExponential(
            x,
            x.map((n) => a * Math.exp(-b * n)),
            scale,
          )
          expect(fit.rate).toBeCloseTo(b, 6)
          expect(fit.factors[0] / a).toBeCloseTo(1, 6)
          expect(fit.rSquared).toBeGreaterThan(0.999999)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('linear scale: the gradient of the squared error vanishes at the optimum', () => {
    const y = x.map((n, i) => 0.8 * Math.exp(-0.06 * n) * (1 + (i % 2 ? 0.2 : -0.2)))
    const { rate, factors } = fitExponential(x, y)
    let byFactor = 0
    let byRate = 0
    x.forEach((n, i) => {
      const decay = Math.exp(-rate * n)
      const residual = y[i] - factors[0] * decay
      byFactor += residual * decay
      byRate += residual * n * decay
    })
    expect(Math.abs(byFactor)).toBeLessThan(1e-6)
    expect(Math.abs(byRate)).toBeLessThan(1e-5)
  })

  it('linear scale survives a tail of tiny values that drags the log-linear fit elsewhere', () => {
    const y = x.map((n) => (n < 24 ? Math.exp(-0.1 * n) : 1e-9))
    expect(fitExponential(x, y, 'linear').rate).toBeLessThan(0.15)
    expect(fitExponential(x, y, 'log').rate).toBeGreaterThan(0.4)
  })

  it('log scale: standard errors cover the truth about 95 times in 100', () => {
    let covered = 0
    let state = 1
    const noise = (): number => {
      let sum = -6
      for (let i = 0; i < 12; i++) {
        state = (state * 48271) % 2147483647
        sum += state / 2147483647
      }
      return sum
    }
    for (let trial = 0; trial < 300; trial++) {
      const fit = fitExponential(
        x,
        x.map((n) => Math.exp(-0.1 * n + 0.3 * noise())),
        'log',
      )
      if (Math.abs(fit.rate - 0.1) < 2.26 * fit.rateError) covered++ // t quantile at 9 degrees of freedom
    }
    expect(covered / 300).toBeGreaterThan(0.9)
    expect(covered / 300).toBeLessThan(0.99)
  })
})

describe('one rate for several curves', () => {
  it.each(['linear', 'log'] as const)('recovers a factor a curve, %s', (scale) => {
    const factors = [0.5, 1.5, 4]
    const curves = factors.map((a) => ({ x, y: x.map((n) => a * Math.exp(-0.07 * n)) }))
    const fit = fitSharedRate(curves, scale)
    expect(fit.rate).toBeCloseTo(0.07, 8)
    fit.factors.forEach((factor, c) => {
      expect(factor).toBeCloseTo(factors[c], 7)
    })
    expect(fit.points).toBe(33)
  })

  it('linear scale: rate error equals that of the full covariance matrix', () => {
    // Two curves at two points each: 4 points, 3 parameters; J'J inverted by hand below.
    const curves = [
      { x: [0, 1], y: [1, 0.55] },
      { x: [0, 1], y: [2, 0.9] },
    ]
    const { rate, rateError, factors } = fitSharedRate(curves)
    const decay = Math.exp(-rate)
    const jacobian = [0, 1].flatMap((c) =>
      [0, 1].map((n) => [-n * factors[c] * decay ** n, c === 0 ? decay ** n : 0, c === 1 ? decay ** n : 0]),
    )
    const residual = [0, 1].flatMap((c) => [0, 1].map((n) => curves[c].y[n] - factors[c] * decay ** n))
    const dot = (i: number, j: number): number => jacobian.reduce((sum, row) => sum + row[i] * row[j], 0)
    const [a, b, c, d, e, f] = [dot(0, 0), dot(0, 1), dot(0, 2), dot(1, 1), dot(1, 2), dot(2, 2)]
    const determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    const variance = residual.reduce((sum, r) => sum + r * r, 0) / 1
    expect(rateError).toBeCloseTo(Math.sqrt((variance * (d * f - e * e)) / determinant), 10)
  })

  it('refuses too little data, zeros, and unequal lengths', () => {
    expect(() => fitSharedRate([])).toThrow(RangeError)
    expect(() => fitExponential([1], [1])).toThrow('two different x')
    expect(() => fitExponential([1, 2], [1, 0])).toThrow('"y[1]"')
    expect(() => fitExponential([1, 2], [1])).toThrow('"y"')
  })
})
