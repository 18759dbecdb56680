import { describe, expect, it } from 'vitest'
import { wilsonInterval } from '../../src/experiments/calibration.js'
import { measureError, samplePositions } from '../../src/experiments/output-error.js'
import { quantile, summarise } from '../../src/experiments/statistics.js'

describe('summaries', () => {
  // numpy.quantile([1, 2, 4, 8], [0.05, 0.25, 0.5, 0.95]) and numpy.std(ddof=1)
  it("are NumPy's", () => {
    const { mean, deviation, q05, q25, median, q75, q95, largest } = summarise([8, 1, 4, 2])
    expect([mean, q25, median, q75, largest]).toEqual([3.75, 1.75, 3, 5, 8])
    expect(q05).toBeCloseTo(1.15, 12)
    expect(q95).toBeCloseTo(7.4, 12)
    expect(deviation).toBeCloseTo(3.095695936834452, 12)
  })

  it('handle one value and infinities', () => {
    expect(summarise([2])).toMatchObject({ mean: 2, deviation: 0, q05: 2, median: 2 })
    expect(quantile([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 0.9)).toBe(Number.POSITIVE_INFINITY)
    expect(() => quantile([], 0.5)).toThrow(RangeError)
  })

  // statsmodels proportion_confint(190, 200, method='wilson')
  it('Wilson interval of 190 of 200', () => {
    const { low, high } = wilsonInterval(190, 200)
    expect(low).toBeCloseTo(0.9104, 3)
    expect(high).toBeCloseTo(0.9726, 3)
  })
})

describe('output errors', () => {
  it('take the largest over positions, the mean over sequences, and position 0 apart', () => {
    const wanted = [Float64Array.of(0, 0, 3, 4), Float64Array.of(1, 1, 1, 1)]
    const got = [Float64Array.of(0, 1, 0, 0), Float64Array.of(1, 1, 1, 3)]
    expect(measureError(wanted, (s) => got[s], 2)).toEqual({ largest: 3.5, token: 0.5 })
  })

  it('positions include the first and the last', () => {
    expect([...samplePositions(4, 16)]).toEqual([0, 1, 2, 3])
    const sample = [...samplePositions(8192, 16)]
    expect(sample).toHaveLength(16)
    expect(new Set(sample).size).toBe(16)
    expect([sample[0], sample[15]]).toEqual([0, 8191])
  })
})
