/**
 * Fits of `a exp(-b n)`: one curve (Figure 4), or several with one shared rate b and a factor a per curve (Figure 6).
 * Two scales: 'linear' minimises squared errors of y (what SciPy's curve_fit does, so what the paper's numbers mean; the
 * largest errors decide), 'log' minimises squared errors of log y (every decade counts the same).
 */
import { levenbergMarquardt } from 'ml-levenberg-marquardt'
import { type Curve, type ExponentialFit, type FlatCurves, fitLogarithms, flattenCurves } from './fit-logarithms.js'

export type { Curve, ExponentialFit } from './fit-logarithms.js'

/**
 * Levenberg-Marquardt; parameters are the rate, then one factor per curve. It starts from the log-linear fit with weights
 * y^2, which has the right optimum to first order (an error e of y is an error e / y of log y); the unweighted fit can be
 * far enough away for the first step to overflow.
 */
function fitLinear(flat: FlatCurves): ExponentialFit {
  const { x, y, curve, curves } = flat
  const start = fitLogarithms(
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
  const flat = flattenCurves(curves)
  return scale === 'log' ? fitLogarithms(flat) : fitLinear(flat)
}

/** {@link fitSharedRate} of a single curve: `y ~ factors[0] exp(-rate x)`. */
export function fitExponential(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  scale: 'linear' | 'log' = 'linear',
): ExponentialFit {
  return fitSharedRate([{ x, y }], scale)
}
