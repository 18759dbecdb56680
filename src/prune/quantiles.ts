/** What half, 95 %, 99.9 % and all of some numbers do not exceed. */
export interface Quantiles {
  readonly median: number
  readonly p95: number
  readonly p999: number
  readonly max: number
}

/** Quantiles of some numbers, at least one: the least of them that the given share of all does not exceed. NaN counts as the largest. */
export function quantilesOf(values: Float64Array): Quantiles {
  const sorted = values.slice().sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return { median: at(0.5), p95: at(0.95), p999: at(0.999), max: at(1) }
}
