/**
 * What is said of a claim: it holds, it does not, or it is undecided. A claim is a quantity below a bound; it is judged by
 * a 95 % interval of the quantity over repetitions (seeds, sources, sequences), never by the mean alone.
 */
import { summarise } from './statistics.js'

/** Holds (true), does not hold (false), or undecided (null). A result of older versions has no null. */
export type Verdict = boolean | null

/** Fewer repetitions than this give no interval: of two the spread is all but unknown. */
export const LEAST_REPETITIONS = 3

/** A 95 % interval of a mean. */
export interface Interval {
  readonly mean: number
  /** -Infinity and Infinity where there are fewer than 3 repetitions. */
  readonly low: number
  readonly high: number
}

/** Two-sided 95 % quantiles of Student's t with 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2). */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/**
 * The two-sided 95 % quantile of Student's t; beyond 30 degrees of freedom the first terms of Abramowitz and Stegun 26.7.5,
 * which are right to 1e-4 there.
 * @param freedom >= 1; rounded down, which makes intervals wider rather than narrower
 */
export function t95(freedom: number): number {
  if (!(freedom >= 1)) throw new RangeError(`"freedom" expected a number >= 1, got ${freedom}`)
  if (freedom < 31) return T95[Math.floor(freedom) - 1]
  const z = 1.959964
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2)
}

/** `mean +- t error`. @param error standard error of the mean @param freedom degrees of freedom of that error */
export function intervalOf(mean: number, error: number, freedom: number): Interval {
  if (!(freedom >= LEAST_REPETITIONS - 1))
    return { mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const half = t95(freedom) * error
  return { mean, low: mean - half, high: mean + half }
}

/** The interval of the mean of repetitions, at least one. */
export function meanInterval(values: readonly number[]): Interval {
  const { mean, deviation } = summarise(values)
  return intervalOf(mean, deviation / Math.sqrt(values.length), values.length - 1)
}

/** The interval of a difference of means, `a - b`, of independent samples: Welch's. */
export function differenceInterval(a: readonly number[], b: readonly number[]): Interval {
  const [first, second] = [a, b].map(summarise)
  const [u, v] = [first.deviation ** 2 / a.length, second.deviation ** 2 / b.length]
  const mean = first.mean - second.mean
  const least = Math.min(a.length, b.length) - 1
  if (u + v === 0 || least < LEAST_REPETITIONS - 1) return intervalOf(mean, 0, least)
  return intervalOf(mean, Math.sqrt(u + v), (u + v) ** 2 / (u ** 2 / (a.length - 1) + v ** 2 / (b.length - 1)))
}

/** Most groups of a jackknife. */
const GROUPS = 10

/**
 * Intervals of any statistics of repetitions, by the jackknife that leaves one of at most 10 groups out at a time
 * (repetition i is in group i mod 10): Shao and Tu, "The Jackknife and Bootstrap" (1995), chapter 2.
 * @param count repetitions, an integer >= 1
 * @param statistics of the repetitions of these numbers, always equally many; undefined where there are none
 * @returns undefined where the statistics are, or where leaving a group out leaves none
 */
export function jackknife(
  count: number,
  statistics: (repetitions: readonly number[]) => readonly number[] | undefined,
): Interval[] | undefined {
  const all = Array.from({ length: count }, (_, i) => i)
  const whole = statistics(all)
  if (whole === undefined || count < LEAST_REPETITIONS) return undefined
  const groups = Math.min(GROUPS, count)
  const left = Array.from({ length: groups }, (_, g) => statistics(all.filter((i) => i % groups !== g)))
  const known = left.filter((values) => values !== undefined)
  if (known.length < groups) return undefined
  return whole.map((value, k) => {
    const mean = known.reduce((sum, values) => sum + values[k], 0) / groups
    const squares = known.reduce((sum, values) => sum + (values[k] - mean) ** 2, 0)
    return intervalOf(value, Math.sqrt((squares * (groups - 1)) / groups), groups - 1)
  })
}

/** Whether the quantity of an interval is below a bound: undecided where the interval holds the bound, or there is none. */
export function isBelow(interval: Interval | undefined, bound = 0): Verdict {
  if (interval === undefined) return null
  return interval.high < bound ? true : interval.low > bound ? false : null
}

/** Whether it is above. */
export function isAbove(interval: Interval | undefined, bound = 0): Verdict {
  const below = isBelow(interval, bound)
  return below === null ? null : !below
}

/** Whether all parts of a claim hold: one that does not is enough for the whole, one undecided leaves it so. */
export const everyOne = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes(false) ? false : verdicts.includes(null) ? null : true

/** A verdict in words. */
export const verdictText = (holds: Verdict): string =>
  holds === null ? 'undecided' : holds ? 'holds' : 'does not hold'

/** An interval in words, `95 %: -0.012 to +0.003`; that there is none, and why, where there is not. */
export function intervalText(interval: Interval | undefined, show = (value: number) => value.toPrecision(2)): string {
  if (interval === undefined || !Number.isFinite(interval.low)) return 'no 95 % interval: too few repetitions'
  return `95 %: ${show(interval.low)} to ${show(interval.high)}`
}
