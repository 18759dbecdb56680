import type { Value } from '../value.js'
import { add, mul, reciprocal, scalar, sqrt } from './elementwise.js'
import { integers } from './lengths.js'

/** An operator that reduces axes to one number each. */
export type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceMax'

const reduce = (op: Reduction, x: Value, axes: readonly number[], keepDims: boolean): Value =>
  x.graph.apply(op, [x, integers(x, axes)], { keepdims: keepDims ? 1 : 0 })[0]

/** The sum over the given axes, at least one; they stay as 1 when `keepDims`. */
export const reduceSum = (x: Value, axes: readonly number[], keepDims = false): Value =>
  reduce('ReduceSum', x, axes, keepDims)

/** The mean over the given axes, at least one; they stay as 1 when `keepDims`. */
export const reduceMean = (x: Value, axes: readonly number[], keepDims = false): Value =>
  reduce('ReduceMean', x, axes, keepDims)

/** The largest entry over the given axes, at least one; they stay as 1 when `keepDims`. */
export const reduceMax = (x: Value, axes: readonly number[], keepDims = false): Value =>
  reduce('ReduceMax', x, axes, keepDims)

/** exp(x) / sum exp(x) along an axis (the last unless told); -Infinity gives 0, a row of nothing else gives NaN. */
export const softmax = (x: Value, axis = -1): Value => x.graph.apply('Softmax', [x], { axis })[0]

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last dimension; the variance divides by its length.
 * A scale that is a constant of ones, without bias or with a constant of zeros, has the cheapest gradient.
 * @param scale [D] @param bias [D], or undefined for none
 */
export const layerNormalization = (x: Value, scale: Value, bias: Value | undefined, epsilon: number): Value =>
  layerNormalizationWithStatistics(x, scale, bias, epsilon).normalised

/**
 * {@link layerNormalization} with what it is made of.
 * @returns normalised [..., D]; mean and inverse = 1 / sqrt(variance + epsilon), both [..., 1]
 */
export function layerNormalizationWithStatistics(
  x: Value,
  scale: Value,
  bias: Value | undefined,
  epsilon: number,
): { normalised: Value; mean: Value; inverse: Value } {
  const inputs = bias === undefined ? [x, scale] : [x, scale, bias]
  const [normalised, mean, inverse] = x.graph.apply('LayerNormalization', inputs, { axis: -1, epsilon })
  return { normalised, mean, inverse }
}

/**
 * x / sqrt(mean of x^2 + epsilon) * scale over the last dimension (Zhang and Sennrich 2019), of plain operators.
 * @param scale [D]
 */
export function rmsNormalization(x: Value, scale: Value, epsilon: number): Value {
  const power = add(reduceMean(mul(x, x), [-1], true), scalar(x, epsilon))
  return mul(mul(x, reciprocal(sqrt(power))), scale)
}
