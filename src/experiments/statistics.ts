/** Summaries of a sample over random sources. */

/** Mean, spread and quantiles of a sample; all in the sample's own unit. */
export interface Summary {
  /** Arithmetic mean. */
  mean: number
  /** Standard deviation, with n - 1; 0 for a single value. */
  deviation: number
  q05: number
  q25: number
  median: number
  q75: number
  q95: number
  /** Largest value. */
  largest: number
}

/**
 * Quantile by linear interpolation between order statistics (NumPy's default, Hyndman and Fan's type 7).
 *
 * @param sorted ascending, at least one value
 * @param q 0 <= q <= 1
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) throw new RangeError('"sorted" expected at least one value, got 0')
  if (!(q >= 0 && q <= 1)) throw new RangeError(`"q" expected 0 <= q <= 1, got ${q}`)
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.ceil(at)
  // Equal neighbours first: the difference of two infinities is not a number.
  return sorted[low] === sorted[high] ? sorted[low] : sorted[low] + (at - low) * (sorted[high] - sorted[low])
}

/** Median of values in any order, at least one. */
export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** Summary of values in any order, at least one. */
export function summarise(values: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(values).sort()
  const count = sorted.length
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const at = (q: number): number => quantile(sorted, q)
  return {
    mean,
    deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0,
    q05: at(0.05),
    q25: at(0.25),
    median: at(0.5),
    q75: at(0.75),
    q95: at(0.95),
    largest: sorted[count - 1],
  }
}

/** How well predictions agree with what was to be predicted. */
export interface Agreement {
  /** Mean squared difference. */
  meanSquare: number
  /** Mean squared distance of the wanted values from their own mean: the error of always predicting that. */
  variance: number
  /** Pearson's, -1..1 (inclusive); 0 where either side is constant. */
  correlation: number
  /** Standard error of `variance - meanSquare`, the mean of as many differences as there are values; 0 for a single one. */
  gainError: number
}

/** Agreement of predictions with wanted values, equally many and at least one. */
export function agreement(predicted: ArrayLike<number>, wanted: ArrayLike<number>): Agreement {
  const count = wanted.length
  if (count < 1 || predicted.length !== count)
    throw new RangeError(`"predicted" expected ${Math.max(count, 1)} values, got ${predicted.length}`)
  let [meanP, meanW] = [0, 0]
  for (let i = 0; i < count; i++) {
    meanP += predicted[i] / count
    meanW += wanted[i] / count
  }
  let [square, varianceP, varianceW, covariance] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const [p, w] = [predicted[i] - meanP, wanted[i] - meanW]
    square += (predicted[i] - wanted[i]) ** 2 / count
    varianceP += (p * p) / count
    varianceW += (w * w) / count
    covariance += (p * w) / count
  }
  const scale = Math.sqrt(varianceP * varianceW)
  const gains = Float64Array.from(wanted, (want, i) => (want - meanW) ** 2 - (predicted[i] - want) ** 2)
  const gainError = summarise(gains).deviation / Math.sqrt(count)
  return { gainError, meanSquare: square, variance: varianceW, correlation: scale > 0 ? covariance / scale : 0 }
}
