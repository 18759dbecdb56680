import { type Dimension, differenceOf, productOf, sumOf } from '../dimension.js'
import { div, neg, where } from '../functions/elementwise.js'
import { zeros } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import type { Node, Value } from '../value.js'
import { scaled, summedTo } from './broadcasting.js'
import { broadcast, expectDType, knownIntegers } from './shape-rules.js'

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div'

/** The gradients of the two operands, before they are summed over what was broadcast: each made only when wanted. */
type Rule = (dy: Value, a: Value, b: Value, y: Value) => readonly [() => Value, () => Value]

const arithmetic = <Op extends Arithmetic>(
  op: Op,
  rule: Rule,
  onLengths?: (a: Dimension, b: Dimension) => Dimension,
): Operator<Arithmetic> => ({
  attributes: {},
  infer([a, b]) {
    expectDType(op, a, 'float32', 'int32', 'int64')
    expectDType(op, b, a.dtype)
    return [{ dtype: a.dtype, shape: broadcast(op, a.shape, b.shape) }]
  },
  integers([a, b]) {
    const [left, right] = [knownIntegers(a), knownIntegers(b)]
    if (!left || !right || !onLengths) return undefined
    const count = Math.max(left.length, right.length) // one of them may be a single number
    return Array.from({ length: count }, (_, i) => onLengths(left[i % left.length], right[i % right.length]))
  },
  gradient({ inputs: [a, b], outputs: [y] }: Node<Arithmetic>, [dy], wanted) {
    const operands = [a, b]
    return rule(dy, a, b, y).map((make, i) => (wanted[i] ? summedTo(make(), operands[i].shape) : undefined))
  },
})

export const Add = arithmetic('Add', (dy) => [() => dy, () => dy], sumOf)
export const Sub = arithmetic('Sub', (dy) => [() => dy, () => neg(dy)], differenceOf)
export const Mul = arithmetic('Mul', (dy, a, b) => [() => scaled(dy, b), () => scaled(dy, a)], productOf)
export const Div = arithmetic('Div', (dy, _, b, y) => [() => div(dy, b), () => neg(div(scaled(dy, y), b))])

export const Where: Operator<'Where'> = {
  attributes: {},
  infer([condition, a, b]) {
    expectDType('Where', condition, 'bool')
    expectDType('Where', b, a.dtype)
    return [{ dtype: a.dtype, shape: broadcast('Where', condition.shape, broadcast('Where', a.shape, b.shape)) }]
  },
  gradient({ inputs: [condition, a, b] }, [dy], [, wantsA, wantsB]) {
    const zero = zeros(dy, [])
    return [
      undefined,
      wantsA ? summedTo(where(condition, dy, zero), a.shape) : undefined,
      wantsB ? summedTo(where(condition, zero, dy), b.shape) : undefined,
    ]
  },
}
