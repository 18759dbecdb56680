import { cast, cos, div, exp, greater, less, mul, neg, scalar, sin, sub } from '../functions/elementwise.js'
import type { Operator } from '../operator.js'
import type { Value } from '../value.js'
import { scaled, unexpanded } from './broadcasting.js'
import { expectDType } from './shape-rules.js'

type Elementary = 'Exp' | 'Log' | 'Sqrt' | 'Reciprocal' | 'Neg' | 'Abs' | 'Tanh' | 'Sigmoid' | 'Erf' | 'Sin' | 'Cos'

/** A float32 function of one value, element by element, with its rule: dx of (dy, x, y). */
const elementary = <Op extends Elementary>(
  op: Op,
  rule: (dy: Value, x: Value, y: Value) => Value,
): Operator<Elementary> => ({
  attributes: {},
  infer([x]) {
    expectDType(op, x, 'float32')
    return [x]
  },
  gradient: ({ inputs: [x], outputs: [y] }, [dy]) => [rule(dy, x, y)],
})

export const Exp = elementary('Exp', (dy, _, y) => scaled(dy, y))
export const Log = elementary('Log', (dy, x) => div(unexpanded(dy), x))
export const Sqrt = elementary('Sqrt', (dy, _, y) => div(mul(unexpanded(dy), scalar(y, 0.5)), y))
export const Reciprocal = elementary('Reciprocal', (dy, _, y) => scaled(dy, neg(mul(y, y))))
export const Neg = elementary('Neg', (dy) => neg(dy))
/** The slope at 0 is 0. */
export const Abs = elementary('Abs', (dy, x) => {
  const zero = scalar(x, 0)
  return scaled(dy, sub(cast(greater(x, zero), 'float32'), cast(less(x, zero), 'float32')))
})
export const Tanh = elementary('Tanh', (dy, _, y) => scaled(dy, sub(scalar(y, 1), mul(y, y))))
export const Sigmoid = elementary('Sigmoid', (dy, _, y) => scaled(dy, sub(y, mul(y, y))))
/** The derivative is 2 / sqrt(pi) exp(-x^2). */
export const Erf = elementary('Erf', (dy, x) =>
  scaled(dy, exp(sub(scalar(x, Math.log(2 / Math.sqrt(Math.PI))), mul(x, x)))),
)
export const Sin = elementary('Sin', (dy, x) => scaled(dy, cos(x)))
export const Cos = elementary('Cos', (dy, x) => scaled(dy, neg(sin(x))))
