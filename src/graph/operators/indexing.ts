import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { formatShape } from '../tensor.js'
import { constantIntegers, expectDType, integers, resolveAxis } from './shape-rules.js'

export const Gather: Operator<'Gather'> = {
  attributes: { axis: 'int' },
  infer([data, indices], { axis }) {
    expectDType('Gather', indices, 'int32', 'int64')
    const at = resolveAxis('Gather', axis, data.shape)
    return [{ dtype: data.dtype, shape: [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)] }]
  },
}

/** ONNX passes starts, ends and axes as int64 vectors; here they are constants, counted from the front, step 1. */
export const Slice: Operator<'Slice'> = {
  attributes: {},
  infer([data, ...operands]) {
    const [starts, ends, axes] = operands.map((value) => constantIntegers('Slice', value))
    const shape = [...data.shape]
    for (const [i, axis] of axes.entries()) {
      const at = resolveAxis('Slice', axis, data.shape)
      if (!(0 <= starts[i] && starts[i] <= ends[i] && ends[i] <= data.shape[at])) {
        throw new RangeError(`Slice: ${starts[i]} to ${ends[i]} leaves axis ${axis} of ${formatShape(data.shape)}`)
      }
      shape[at] = ends[i] - starts[i]
    }
    return [{ dtype: data.dtype, shape }]
  },
}

/** The entries of `data` at `indices` (int32 or int64) along an axis, the first unless told. */
export const gather = (data: Value, indices: Value, axis = 0): Value =>
  data.graph.apply('Gather', [data, indices], { axis })[0]

/** The entries start <= i < end along an axis. */
export const slice = (data: Value, axis: number, start: number, end: number): Value =>
  data.graph.apply('Slice', [data, ...[start, end, axis].map((value) => integers(data, [value]))], {})[0]
