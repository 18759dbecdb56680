/**
 * Fits of `a exp(-b n)`: one curve (Figure 4), or several with one shared rate b and a factor a per curve (Figure 6).
 * Two scales: 'linear' minimises squared errors of y (what SciPy's curve_fit does, so what the paper's numbers mean; the
 * largest errors decide), 'log' minimises squared errors of log y (every decade counts the same).
 */
import { levenbergMarquardt } from 'ml-levenberg-marquardt'

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

interface Flat {
  x: Float64Array
  y: Float64Array
  curve: Uint16Array
  curves: number
}

function flatten(curves: readonly Curve[]): Flat {
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

/** Common slope, one intercept per curve: least squares of log y, weighted or not, in closed form. */
function fitLog({ x, y, curve, curves }: Flat, weights?: Float64Array): ExponentialFit {
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

/**
 * Levenberg-Marquardt; parameters are the rate, then one factor per curve. It starts from the log-linear fit with weights
 * y^2, which has the right optimum to first order (an error e of y is an error e / y of log y); the unweighted fit can be
 * far enough away for the first step to overflow.
 */
function fitLinear(flat: Flat): ExponentialFit {
  const { x, y, curve, curves } = flat
  const start = fitLog(
    flat,
    y.map((value) => value * value),
  )
  const index = Array.from(x, (_, i) => i)
  const gradient = (parameters: number[], i: number): number[] => {
    const decay = Math.exp(-parameters[0] * x[i])
    const row = new Array<number>(curves + 1).fill(0)
    row[0] = -x[i] * parameters[1 + curve[i]] * decay
    row[1 + curve[i]] = decay
    return row
  }
  const result = levenbergMarquardt({ x: index, y }, (p) => (i) => p[1 + curve[i]] * Math.exp(-p[0] * x[i]), {
    initialValues: [start.rate, ...start.factors],
    jacobianFunction: (p) => (i) => gradient(p, i),
    damping: 1e-3,
    maxIterations: 300,
    errorTolerance: 1e-30,
  })
  const p = result.parameterValues
  let mean = 0
  for (const value of y) mean += value / y.length
  let total = 0
  let residual = 0
  for (let i = 0; i < x.length; i++) {
    total += (y[i] - mean) ** 2
    residual += (y[i] - p[1 + curve[i]] * Math.exp(-p[0] * x[i])) ** 2
  }
  const freedom = x.length - curves - 1
  const variance = freedom > 0 ? residual / freedom : Number.NaN
  const errors = arrowheadVariances(
    index.map((i) => gradient(p, i)),
    curve,
  ).map((v) => Math.sqrt(v * variance))
  return {
    rate: p[0],
    rateError: errors[0],
    factors: p.slice(1),
    factorErrors: errors.slice(1),
    scale: 'linear',
    rSquared: total > 0 ? 1 - residual / total : 1,
    points: x.length,
  }
}

/**
 * Diagonal of the inverse of J'J. Only the rate is shared, so J'J is an arrowhead (row 0, column 0, diagonal) and its
 * inverse is known in closed form through the Schur complement of the diagonal.
 */
function arrowheadVariances(jacobian: number[][], curve: Uint16Array): number[] {
  const size = jacobian[0].length
  const edge = new Float64Array(size)
  const diagonal = new Float64Array(size)
  jacobian.forEach((row, i) => {
    const c = 1 + curve[i]
    diagonal[0] += row[0] * row[0]
    diagonal[c] += row[c] * row[c]
    edge[c] += row[0] * row[c]
  })
  let schur = diagonal[0]
  for (let c = 1; c < size; c++) schur -= (edge[c] * edge[c]) / diagonal[c]
  return Array.from(diagonal, (d, c) => (c === 0 ? 1 / schur : 1 / d + (edge[c] / d) ** 2 / schur))
}

/**
 * Fits several curves with one rate and a factor each.
 *
 * @param curves at least one; each at least two different x, all y finite and above 0 (RangeError otherwise)
 * @param scale 'linear' by default
 */
export function fitSharedRate(curves: readonly Curve[], scale: 'linear' | 'log' = 'linear'): ExponentialFit {
  const flat = flatten(curves)
  return scale === 'log' ? fitLog(flat) : fitLinear(flat)
}

/** {@link fitSharedRate} of a single curve: `y ~ factors[0] exp(-rate x)`. */
export function fitExponential(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  scale: 'linear' | 'log' = 'linear',
): ExponentialFit {
  return fitSharedRate([{ x, y }], scale)
}
