import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { broadcast, expectDType } from './shape-rules.js'

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div'

const arithmetic = <Op extends Arithmetic>(op: Op): Operator<Arithmetic> => ({
  attributes: {},
  infer([a, b]) {
    expectDType(op, a, 'float32', 'int32', 'int64')
    expectDType(op, b, a.dtype)
    return [{ dtype: a.dtype, shape: broadcast(op, a.shape, b.shape) }]
  },
})

export const Add = arithmetic('Add')
export const Sub = arithmetic('Sub')
export const Mul = arithmetic('Mul')
export const Div = arithmetic('Div')

export const Where: Operator<'Where'> = {
  attributes: {},
  infer([condition, a, b]) {
    expectDType('Where', condition, 'bool')
    expectDType('Where', b, a.dtype)
    return [{ dtype: a.dtype, shape: broadcast('Where', condition.shape, broadcast('Where', a.shape, b.shape)) }]
  },
}

/** a + b, element by element; shapes broadcast. */
export const add = (a: Value, b: Value): Value => a.graph.apply('Add', [a, b], {})[0]

/** a - b, element by element; shapes broadcast. */
export const sub = (a: Value, b: Value): Value => a.graph.apply('Sub', [a, b], {})[0]

/** a * b, element by element; shapes broadcast. */
export const mul = (a: Value, b: Value): Value => a.graph.apply('Mul', [a, b], {})[0]

/** a / b, element by element; shapes broadcast. */
export const div = (a: Value, b: Value): Value => a.graph.apply('Div', [a, b], {})[0]

/** a where the condition (bool) holds and b elsewhere; the three shapes broadcast. */
export const where = (condition: Value, a: Value, b: Value): Value => a.graph.apply('Where', [condition, a, b], {})[0]

/** A float32 scalar constant in the graph of `like`. */
export const scalar = (like: Value, value: number): Value =>
  like.graph.constant({ dtype: 'float32', dims: [], data: Float32Array.of(value) })
