import type { Value } from '../graph.js'
import { notDifferentiable, type Operator } from '../operator.js'
import type { DType } from '../tensor.js'
import { broadcast, expectDType } from './shape-rules.js'

const comparison = (op: 'Equal' | 'Greater'): Operator<'Equal' | 'Greater'> => ({
  attributes: {},
  infer([a, b]) {
    expectDType(op, a, 'float32', 'int32', 'int64')
    expectDType(op, b, a.dtype)
    return [{ dtype: 'bool', shape: broadcast(op, a.shape, b.shape) }]
  },
  gradient: notDifferentiable(op),
})

export const Equal = comparison('Equal')
export const Greater = comparison('Greater')

export const Cast: Operator<'Cast'> = {
  attributes: { to: 'dtype' },
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  gradient: (_, [dy]) => [dy], // only float32 to float32 is ever asked for
}

/** Here it serves to cut gradients off: see {@link stopGradient}. */
export const Identity: Operator<'Identity'> = {
  attributes: {},
  infer: ([x]) => [x],
  gradient: () => [],
}

/** Whether a = b, element by element, as bool; shapes broadcast. */
export const equal = (a: Value, b: Value): Value => a.graph.apply('Equal', [a, b], {})[0]

/** Whether a > b, element by element, as bool; shapes broadcast. */
export const greater = (a: Value, b: Value): Value => a.graph.apply('Greater', [a, b], {})[0]

/** The same numbers as another element type; bool counts as 0 and 1, float32 is cut towards 0. */
export const cast = (x: Value, to: DType): Value => x.graph.apply('Cast', [x], { to })[0]

/** The same value, taken as a constant by `gradients`. */
export const stopGradient = (x: Value): Value => x.graph.apply('Identity', [x], {})[0]
