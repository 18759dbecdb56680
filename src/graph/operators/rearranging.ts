import { reshape, transpose } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { formatShape, sizeOf } from '../tensor.js'
import { constantIntegers } from './shape-rules.js'

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
  infer([x, target]) {
    const shape = constantIntegers('Reshape', target)
    if (shape.some((length) => length < 1) || sizeOf(shape) !== sizeOf(x.shape)) {
      throw new RangeError(`Reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`)
    }
    return [{ dtype: x.dtype, shape }]
  },
  gradient: ({ inputs: [x] }, [dy]) => [reshape(dy, x.shape)],
}
