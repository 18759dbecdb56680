/** Exponential fits that let every decade count the same: least squares of log y. */

/** One curve: abscissae and positive ordinates of equal length. */
export interface Curve {
  x: ArrayLike<number>
  y: ArrayLike<number>
}

/** `y ~ factors[c] exp(-rate x)` with standard errors from the Jacobian at the optimum and the residual variance. */
export interface ExponentialFit {
  /** b, per unit of x. */
  rate: number
  /** Standard error of the rate; NaN without spare points. */
  rateError: number
  /** a of each curve, [curves]. */
  factors: number[]
  /** Standard errors of the factors, [curves]; NaN without spare points. */
  factorErrors: number[]
  /** Which squares were minimised. */
  scale: 'linear' | 'log'
  /** 1 - residual / total sum of squares, on that scale. */
  rSquared: number
  /** Points used, over all curves. */
  points: number
}

/** Curves as one list of points: x, y and which curve, [points] each. */
export interface FlatCurves {
  x: Float64Array
  y: Float64Array
  curve: Uint16Array
  curves: number
}

/** @throws RangeError unless there is a curve, and each has two different x at least and finite y above 0 */
export function flattenCurves(curves: readonly Curve[]): FlatCurves {
  if (curves.length < 1) throw new RangeError('"curves" expected at least one curve, got 0')
  const rows: { x: number; y: number; curve: number }[] = []
  curves.forEach(({ x, y }, curve) => {
    if (x.length !== y.length) throw new RangeError(`"y" expected ${x.length} values, got ${y.length}`)
    for (let i = 0; i < x.length; i++) {
      if (!Number.isFinite(x[i])) throw new RangeError(`"x[${i}]" expected a finite number, got ${x[i]}`)
      if (!(y[i] > 0) || !Number.isFinite(y[i]))
        throw new RangeError(`"y[${i}]" expected a finite number above 0, got ${y[i]}`)
      rows.push({ x: x[i], y: y[i], curve })
    }
    if (new Set(Array.from(x)).size < 2) throw new RangeError(`"curves[${curve}]" expected two different x at least`)
  })
  return {
    x: Float64Array.from(rows, (row) => row.x),
    y: Float64Array.from(rows, (row) => row.y),
    curve: Uint16Array.from(rows, (row) => row.curve),
    curves: curves.length,
  }
}

/**
 * `a exp(-b x)` with a common b: least squares of log y, weighted or not, in closed form.
 *
 * @param weights [points], >= 0; all alike by default
 */
export function fitLogarithms({ x, y, curve, curves }: FlatCurves, weights?: Float64Array): ExponentialFit {
  const count = new Float64Array(curves)
  const meanX = new Float64Array(curves)
  const meanY = new Float64Array(curves)
  const weight = (i: number): number => (weights ? weights[i] : 1)
  for (let i = 0; i < x.length; i++) {
    count[curve[i]] += weight(i)
    meanX[curve[i]] += weight(i) * x[i]
    meanY[curve[i]] += weight(i) * Math.log(y[i])
  }
  for (let c = 0; c < curves; c++) {
    meanX[c] /= count[c]
    meanY[c] /= count[c]
  }
  let sxx = 0
  let sxy = 0
  let total = 0
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - meanX[curve[i]]
    const dy = Math.log(y[i]) - meanY[curve[i]]
    sxx += weight(i) * dx * dx
    sxy += weight(i) * dx * dy
    total += weight(i) * dy * dy
  }
  const rate = -sxy / sxx
  const residual = Math.max(0, total - (sxy * sxy) / sxx)
  const freedom = x.length - curves - 1
  const variance = freedom > 0 ? residual / freedom : Number.NaN
  const factors = Array.from(meanY, (mean, c) => Math.exp(mean + rate * meanX[c]))
  return {
    rate,
    rateError: Math.sqrt(variance / sxx),
    factors,
    // d log a = sqrt(var (1/n + mean^2 / sxx)); times a for the factor itself.
    factorErrors: factors.map((factor, c) => factor * Math.sqrt(variance * (1 / count[c] + meanX[c] ** 2 / sxx))),
    scale: 'log',
    rSquared: total > 0 ? 1 - residual / total : 1,
    points: x.length,
  }
}
