import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { formatShape } from '../tensor.js'
import { broadcast, expectDType } from './shape-rules.js'

export const MatMul: Operator<'MatMul'> = {
  attributes: {},
  infer([a, b]) {
    expectDType('MatMul', a, 'float32')
    expectDType('MatMul', b, 'float32')
    const shapes = `${formatShape(a.shape)} x ${formatShape(b.shape)}`
    if (a.shape.length < 2 || b.shape.length < 2) throw new RangeError(`MatMul: expected matrices, ${shapes}`)
    const [rows, inner] = a.shape.slice(-2)
    const [innerToo, columns] = b.shape.slice(-2)
    if (inner !== innerToo) throw new RangeError(`MatMul: inner dimensions differ, ${shapes}`)
    return [
      { dtype: 'float32', shape: [...broadcast('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns] },
    ]
  },
}

/** The matrix product [..., M, K] x [..., K, N] -> [..., M, N]; leading dimensions broadcast. */
export const matMul = (a: Value, b: Value): Value => a.graph.apply('MatMul', [a, b], {})[0]
