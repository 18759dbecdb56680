import { type Dimension, quotientOf } from '../dimension.js'
import { reshape, transpose } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { elementsOf, formatShape, type SymbolicShape } from '../tensor.js'
import type { Value } from '../value.js'
import { integersOf, knownIntegers } from './shape-rules.js'

export const Transpose: Operator<'Transpose'> = {
  attributes: { perm: 'ints' },
  infer([x], { perm }) {
    const axes = [...perm].sort((a, b) => a - b)
    if (axes.length !== x.shape.length || axes.some((axis, i) => axis !== i)) {
      throw new RangeError(`Transpose: ${formatShape(perm)} does not order the axes of ${formatShape(x.shape)}`)
    }
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]) }]
  },
  gradient({ attributes: { perm } }, [dy]) {
    const inverse = perm.map((_, axis) => perm.indexOf(axis))
    return [transpose(dy, inverse)]
  },
}

export const Reshape: Operator<'Reshape'> = {
  attributes: {},
  infer: ([x, target]) => [{ dtype: x.dtype, shape: reshaped(x, integersOf('Reshape', target)) }],
  integers: ([x]) => knownIntegers(x),
  gradient: ({ inputs: [x] }, [dy]) => [reshape(dy, x.shape)],
}

/** ONNX's rule: 0 copies the length of that place, one -1 is what is left. */
function reshaped(x: Value, target: SymbolicShape): SymbolicShape {
  const shape = target.map((length, axis) => (length === 0 ? (x.shape[axis] ?? 0) : length))
  const open = shape.indexOf(-1)
  const left = elementsLeft(x.shape, open < 0 ? shape : shape.toSpliced(open, 1))
  const isSound = shape.every((length, axis) => axis === open || typeof length === 'string' || length >= 1)
  if (!isSound || left === undefined || (open < 0 && left !== 1)) {
    throw new RangeError(`Reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`)
  }
  return open < 0 ? shape : shape.with(open, left)
}

/** Elements of a shape for each element of another one, undefined where that is no length. Equal lengths cancel, sums too. */
function elementsLeft(shape: SymbolicShape, taken: SymbolicShape): Dimension | undefined {
  const rest = [...shape]
  const divisors = taken.filter((length) => {
    const at = rest.indexOf(length)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  return quotientOf(elementsOf(rest), elementsOf(divisors))
}
