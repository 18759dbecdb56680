import { describe, expect, it } from 'vitest'
import {
  differenceInterval,
  everyOne,
  intervalText,
  isAbove,
  isBelow,
  jackknife,
  meanInterval,
  t95,
  verdictText,
} from '../../src/experiments/verdict.js'

describe('intervals', () => {
  // scipy.stats.t.ppf(0.975, df)
  it("the quantiles are Student's (within 1e-3; beyond 30 degrees of freedom 1e-4)", () => {
    for (const [freedom, wanted] of [
      [1, 12.7062],
      [2, 4.3027],
      [9, 2.2622],
      [30, 2.0423],
    ]) {
      expect(Math.abs(t95(freedom) - wanted)).toBeLessThan(1e-3)
    }
    for (const [freedom, wanted] of [
      [31, 2.0395],
      [99, 1.9842],
      [1e9, 1.96],
    ]) {
      expect(Math.abs(t95(freedom) - wanted)).toBeLessThan(1e-4)
    }
    expect(t95(2.9)).toBe(t95(2))
    for (let freedom = 2; freedom < 60; freedom++) expect(t95(freedom)).toBeLessThan(t95(freedom - 1))
    expect(() => t95(0)).toThrow('"freedom" expected a number >= 1, got 0')
  })

  // scipy.stats.t.interval(0.95, 2, loc=2, scale=scipy.stats.sem([1, 2, 3]))
  it('of a mean', () => {
    const { mean, low, high } = meanInterval([1, 2, 3])
    expect(mean).toBe(2)
    expect(low).toBeCloseTo(-0.4841, 3)
    expect(high).toBeCloseTo(4.4841, 3)
    expect(meanInterval([1, 2])).toMatchObject({ low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY })
  })

  // scipy.stats.ttest_ind([1, 2, 3, 4], [2, 4, 6, 8, 10], equal_var=False): 5.6 degrees of freedom, which 5 stand for
  it("of a difference, by Welch's degrees of freedom", () => {
    const { mean, low, high } = differenceInterval([1, 2, 3, 4], [2, 4, 6, 8, 10])
    expect(mean).toBeCloseTo(-3.5, 12)
    const half = 2.571 * Math.sqrt(1.6666666667 / 4 + 10 / 5)
    expect([low, high].map((value) => Number(value.toFixed(6)))).toEqual(
      [-3.5 - half, -3.5 + half].map((value) => Number(value.toFixed(6))),
    )
    expect(isBelow(differenceInterval([0, 0, 0], [1, 1, 1]))).toBe(true)
    expect(isBelow(differenceInterval([0, 0], [1, 1, 1]))).toBeNull()
  })

  it('of a mean by the jackknife is that of the mean', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6]
    const [{ mean, low, high }] = jackknife(8, (some) => [some.reduce((sum, i) => sum + values[i], 0) / some.length])!
    const wanted = meanInterval(values)
    for (const [got, want] of [
      [mean, wanted.mean],
      [low, wanted.low],
      [high, wanted.high],
    ]) {
      expect(got).toBeCloseTo(want, 10)
    }
    const left: number[] = []
    jackknife(25, (some) => [left.push(some.length)])
    expect(left).toEqual([25, 22, 22, 22, 22, 22, 23, 23, 23, 23, 23])
    expect(jackknife(2, () => [1])).toBeUndefined()
    expect(jackknife(4, (some) => (some.includes(1) ? [1] : undefined))).toBeUndefined()
  })
})

describe('verdicts', () => {
  const at = (low: number, high: number) => ({ mean: (low + high) / 2, low, high })

  it('a difference of 0.0001 nats is decided by its interval alone', () => {
    expect(isBelow(at(-0.0002, -0.0001))).toBe(true)
    expect(isBelow(at(-0.001, 0.0008))).toBeNull()
    expect(isBelow(at(0.0001, 0.0002))).toBe(false)
    expect(isBelow(at(-1, 0))).toBeNull()
    expect([isAbove(at(1, 2), 0.5), isAbove(at(0, 1), 0.5), isAbove(at(0, 0.2), 0.5)]).toEqual([true, null, false])
    expect([isBelow(undefined), isAbove(undefined)]).toEqual([null, null])
  })

  it('of a claim of several parts', () => {
    expect(everyOne([true, true])).toBe(true)
    expect(everyOne([true, null])).toBeNull()
    expect(everyOne([null, false, true])).toBe(false)
  })

  it('in words', () => {
    expect([true, false, null].map(verdictText)).toEqual(['holds', 'does not hold', 'undecided'])
    expect(intervalText(at(-0.0123, 0.5))).toBe('95 %: -0.012 to 0.50')
    expect(intervalText(undefined)).toBe('no 95 % interval: too few repetitions')
  })
})
