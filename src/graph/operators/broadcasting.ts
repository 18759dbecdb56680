import { mul } from '../functions/elementwise.js'
import { reshape } from '../functions/rearranging.js'
import { reduceSum } from '../functions/reduction.js'
import type { Operator } from '../operator.js'
import { type SymbolicShape, sameShape } from '../tensor.js'
import type { Value } from '../value.js'
import { broadcast, integersOf } from './shape-rules.js'

export const Expand: Operator<'Expand'> = {
  attributes: {},
  infer: ([x, target]) => [{ dtype: x.dtype, shape: broadcast('Expand', x.shape, integersOf('Expand', target)) }],
  gradient: ({ inputs: [x] }, [dy]) => [summedTo(dy, x.shape)],
}

/** Undoes a broadcast in reverse: the sum over every axis that was stretched to reach the shape of `value`. */
export function summedTo(value: Value, shape: SymbolicShape): Value {
  const added = value.shape.length - shape.length
  const axes = [...value.shape.keys()].filter(
    (axis) => axis < added || (shape[axis - added] === 1 && value.shape[axis] !== 1),
  )
  const sum = axes.length === 0 ? value : reduceSum(value, axes, false)
  return sameShape(sum.shape, shape) ? sum : reshape(sum, shape)
}

/** A gradient as it was before an Expand, for a rule that combines it with something of the full shape anyway. */
export function unexpanded(gradient: Value): Value {
  const node = gradient.graph.producer(gradient)
  return node?.op === 'Expand' ? node.inputs[0] : gradient
}

/** The gradient times a factor whose shape broadcasts to the gradient's. */
export const scaled = (gradient: Value, factor: Value): Value =>
  mul(sameShape(factor.shape, gradient.shape) ? unexpanded(gradient) : gradient, factor)
