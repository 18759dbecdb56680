import type { Dimension } from '../dimension.js'
import { cast, div, equal, mul, scalar } from '../functions/elementwise.js'
import { expand, reshape } from '../functions/rearranging.js'
import { type Reduction, reduceSum } from '../functions/reduction.js'
import type { Operator } from '../operator.js'
import { numericShape, type SymbolicShape, sizeOf } from '../tensor.js'
import type { Node, Value } from '../value.js'
import { scaled } from './broadcasting.js'
import { constantIntegers, expectDType, resolveAxis } from './shape-rules.js'

/** The rule takes dy with the reduced axes kept as 1, and returns what broadcasts to dx. */
const reduction = <Op extends Reduction>(
  op: Op,
  rule: (dy: Value, x: Value, y: Value, axes: readonly number[]) => Value,
): Operator<Reduction> => ({
  attributes: { keepdims: 'int' },
  infer([x, axes], { keepdims }) {
    expectDType(op, x, 'float32')
    const reduced = reducedAxes(op, x, axes)
    const shape = kept(x.shape, reduced)
    return [{ dtype: x.dtype, shape: keepdims ? shape : shape.filter((_, axis) => !reduced.includes(axis)) }]
  },
  gradient({ inputs: [x, operand], outputs: [y] }: Node<Reduction>, [dy]) {
    const axes = reducedAxes(op, x, operand)
    const shape = kept(x.shape, axes)
    return [expand(rule(reshape(dy, shape), x, y, axes), x.shape)]
  },
})

/** The axes counted from the front. ONNX passes them as an int64 vector; here it is a constant and not empty. */
function reducedAxes(op: Reduction, x: Value, operand: Value): number[] {
  const axes = constantIntegers(op, operand)
  if (axes.length === 0) throw new RangeError(`${op}: expected at least one axis`)
  return axes.map((axis) => resolveAxis(op, axis, x.shape))
}

const kept = (shape: SymbolicShape, axes: readonly number[]): Dimension[] =>
  shape.map((length, axis) => (axes.includes(axis) ? 1 : length))

export const ReduceSum = reduction('ReduceSum', (dy) => dy)

export const ReduceMean = reduction('ReduceMean', (dy, x, _, axes) =>
  mul(
    dy,
    scalar(
      dy,
      1 /
        sizeOf(
          numericShape(
            'ReduceMean: the gradient',
            axes.map((axis) => x.shape[axis]),
          ),
        ),
    ),
  ),
)

/** Equal maxima share the gradient equally. */
export const ReduceMax = reduction('ReduceMax', (dy, x, y, axes) => {
  const largest = cast(equal(x, reshape(y, dy.shape)), 'float32')
  return scaled(div(dy, reduceSum(largest, axes, true)), largest)
})
