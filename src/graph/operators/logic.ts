import { notDifferentiable, type Operator } from '../operator.js'
import { broadcast, expectDType, knownIntegers } from './shape-rules.js'

type Comparison = 'Equal' | 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual'

const comparison = (op: Comparison): Operator<Comparison> => ({
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
export const GreaterOrEqual = comparison('GreaterOrEqual')
export const Less = comparison('Less')
export const LessOrEqual = comparison('LessOrEqual')

export const And: Operator<'And'> = {
  attributes: {},
  infer([a, b]) {
    for (const value of [a, b]) expectDType('And', value, 'bool')
    return [{ dtype: 'bool', shape: broadcast('And', a.shape, b.shape) }]
  },
  gradient: notDifferentiable('And'),
}

export const Cast: Operator<'Cast'> = {
  attributes: { to: 'dtype' },
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  gradient: (_, [dy]) => [dy], // only float32 to float32 is ever asked for
}

/** Here it serves to cut gradients off: see {@link stopGradient}. */
export const Identity: Operator<'Identity'> = {
  attributes: {},
  infer: ([x]) => [x],
  integers: ([x]) => knownIntegers(x),
  gradient: () => [],
}
