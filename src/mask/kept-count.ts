/**
 * How many of `count` weights a mask keeps: count - floor((1 - keep) * count) in float64, as hidden-networks
 * (Ramanujan et al. 2020) counts them, and at least 1.
 * @param count integer >= 1
 * @param keep kept fraction, 0 < keep <= 1
 */
export function keptCount(count: number, keep: number): number {
  if (typeof keep !== 'number') throw new TypeError(`"keep" expected a number, got ${typeof keep}`)
  if (!(keep > 0 && keep <= 1)) throw new RangeError(`"keep" expected 0 < keep <= 1, got ${keep}`)
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`"count" expected an integer >= 1, got ${count}`)
  return Math.max(1, count - Math.floor((1 - keep) * count))
}
