import { add, cast, erf, exp, greater, hardSigmoid, mul, scalar, sigmoid, sub } from '../functions/elementwise.js'
import type { Operator } from '../operator.js'
import type { Value } from '../value.js'
import { scaled } from './broadcasting.js'
import { expectDType } from './shape-rules.js'

export const Relu: Operator<'Relu'> = {
  attributes: {},
  infer([x]) {
    expectDType('Relu', x, 'float32')
    return [x]
  },
  gradient: ({ outputs: [y] }, [dy]) => [scaled(dy, isPositive(y))],
}

export const HardSigmoid: Operator<'HardSigmoid'> = {
  attributes: { alpha: 'float', beta: 'float' },
  infer([x]) {
    expectDType('HardSigmoid', x, 'float32')
    return [x]
  },
  gradient({ outputs: [y], attributes: { alpha } }, [dy]) {
    const rising = mul(cast(greater(y, scalar(y, 0)), 'float32'), cast(greater(scalar(y, 1), y), 'float32'))
    return [scaled(dy, mul(rising, scalar(y, alpha)))]
  },
}

export const Gelu: Operator<'Gelu'> = {
  attributes: { approximate: 'string' },
  infer([x]) {
    expectDType('Gelu', x, 'float32')
    return [x]
  },
  gradient({ inputs: [x], outputs: [y], attributes: { approximate } }, [dy]) {
    return [scaled(dy, approximate === 'tanh' ? tanhGeluSlope(x, y) : erfGeluSlope(x))]
  },
}

/**
 * 1 where y > 0 and 0 where y = 0, in one vectorised pass. It is exact for y >= 2^-100, and no y < 2^28 overflows on the
 * way. Then one Mul, where Greater and Where are two slower passes.
 */
const isPositive = (y: Value): Value => hardSigmoid(y, 2 ** 100, 0)

/** With s = sigmoid(w), w = x p, p = a x^2 + b: y = x s and dy/dx = s + y (1 - s) (3 p - 2 b). */
function tanhGeluSlope(x: Value, y: Value): Value {
  const b = Math.sqrt(8 / Math.PI)
  const p = add(mul(mul(x, x), scalar(x, 0.044715 * b)), scalar(x, b))
  const s = sigmoid(mul(x, p))
  const slope = sub(mul(p, scalar(x, 3)), scalar(x, 2 * b)) // of w
  return add(s, mul(mul(y, sub(scalar(x, 1), s)), slope))
}

/** With t = x / sqrt 2: dy/dx = (1 + erf t) / 2 + t exp(-t^2) / sqrt pi. HardSigmoid is the affine map of [-1, 1]. */
function erfGeluSlope(x: Value): Value {
  const t = mul(x, scalar(x, Math.SQRT1_2))
  const density = exp(sub(scalar(x, -Math.log(Math.PI) / 2), mul(t, t)))
  return add(hardSigmoid(erf(t), 0.5, 0.5), mul(t, density))
}
