// One large fixed sample a distribution, so nothing here is left to chance. Bounds are four standard errors; a
// Kolmogorov-Smirnov distance above 1.95 / sqrt(n) would have probability 0.001.
import { describe, expect, it } from 'vitest'
import { generateWeights, normal, uniform } from '../../src/random/index.js'

const COUNT = 200_000

function moments(sample: Float64Array): { mean: number; variance: number; kurtosis: number } {
  const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length
  const power = (k: number) => sample.reduce((sum, x) => sum + (x - mean) ** k, 0) / sample.length
  return { mean, variance: power(2), kurtosis: power(4) / power(2) ** 2 }
}

/** Largest distance between the sample's distribution and `cumulative`. */
function ksDistance(sample: Float64Array, cumulative: (x: number) => number): number {
  const n = sample.length
  return sample
    .slice()
    .sort()
    .reduce((d, x, i) => Math.max(d, cumulative(x) - i / n, (i + 1) / n - cumulative(x)), 0)
}

/** Phi(x) from its odd series; good to 1e-12 for |x| < 6. */
function standardNormal(x: number): number {
  let term = x
  let total = x
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (x * x) / k
    total += term
  }
  return 0.5 + (total * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

describe('200,000 deviates', () => {
  it('uniform: mean 0, variance 1/3, kurtosis 9/5, Kolmogorov-Smirnov, inside (-1, 1)', () => {
    const sample = uniform(1, 0, COUNT)
    const { mean, variance, kurtosis } = moments(sample)
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 3 / COUNT))
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / COUNT))
    expect(kurtosis).toBeCloseTo(1.8, 1)
    expect(ksDistance(sample, (x) => (x + 1) / 2)).toBeLessThan(1.95 / Math.sqrt(COUNT))
    expect(sample.every((x) => x > -1 && x < 1 && x !== 0)).toBe(true)
  })

  it('normal: mean 0, variance 1, kurtosis 3, Kolmogorov-Smirnov', () => {
    const sample = normal(1, 1, COUNT)
    const { mean, variance, kurtosis } = moments(sample)
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(COUNT))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / COUNT))
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / COUNT))
    expect(ksDistance(sample, standardNormal)).toBeLessThan(1.95 / Math.sqrt(COUNT))
  })

  it('signed constant: two values, as many of each', () => {
    const sample = generateWeights({
      seed: 1,
      stream: 2,
      init: { kind: 'signed-constant', magnitude: 0.5 },
      count: COUNT,
    })
    expect([...new Set(sample)].sort()).toEqual([-0.5, 0.5])
    expect(Math.abs(sample.reduce((sum, x) => sum + 2 * x, 0))).toBeLessThan(4 * Math.sqrt(COUNT))
  })

  it('neighbouring indices, streams and seeds are uncorrelated', () => {
    const sample = uniform(1, 0, COUNT)
    const others = [uniform(1, 0, COUNT, 1), uniform(1, 0, COUNT, 4), uniform(1, 1, COUNT), uniform(2, 0, COUNT)]
    for (const other of others) {
      const correlation = sample.reduce((sum, x, i) => sum + 3 * x * other[i], 0) / COUNT
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(COUNT))
    }
  })
})
