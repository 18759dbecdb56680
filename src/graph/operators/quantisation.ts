import { notDifferentiable, type Operator } from '../operator.js'
import { formatShape, type SymbolicShape, sameShape } from '../tensor.js'
import type { Value } from '../value.js'
import { expectDType, resolveAxis } from './shape-rules.js'

/** Inputs: x (float32); the scale (float32) and the zero point (uint8 or int8), scalars or one a place of the axis. */
export const QuantizeLinear: Operator<'QuantizeLinear'> = {
  attributes: { axis: 'int' },
  infer([x, scale, zero], { axis }) {
    for (const value of [x, scale]) expectDType('QuantizeLinear', value, 'float32')
    expectDType('QuantizeLinear', zero, 'uint8', 'int8')
    const perPlace = [x.shape[resolveAxis('QuantizeLinear', axis, x.shape)]]
    const fits = scale.shape.length === 0 || sameShape(scale.shape, perPlace)
    if (!fits || !sameShape(scale.shape, zero.shape)) {
      const [scales, zeros] = [formatShape(scale.shape), formatShape(zero.shape)]
      throw new RangeError(
        `QuantizeLinear: expected scales and zeros [] or ${formatShape(perPlace)}, ${scales} and ${zeros}`,
      )
    }
    return [{ dtype: zero.dtype, shape: x.shape }]
  },
  gradient: notDifferentiable('QuantizeLinear'),
}

/** Inputs: A (uint8 [M, K]), B (int8 [K, N]), the scales of A and of B (float32 []), the zero point of A (uint8 []). */
export const MatMulIntegerToFloat: Operator<'MatMulIntegerToFloat'> = {
  domain: 'com.microsoft',
  attributes: {},
  infer([a, b, aScale, bScale, aZero]) {
    expectDType('MatMulIntegerToFloat', a, 'uint8')
    expectDType('MatMulIntegerToFloat', b, 'int8')
    for (const scale of [aScale, bScale]) expectDType('MatMulIntegerToFloat', scale, 'float32')
    expectDType('MatMulIntegerToFloat', aZero, 'uint8')
    for (const value of [aScale, bScale, aZero]) expectScalar(value)
    return [{ dtype: 'float32', shape: productOf(a.shape, b.shape) }]
  },
  gradient: notDifferentiable('MatMulIntegerToFloat'),
}

function expectScalar({ name, shape }: Value): void {
  if (shape.length === 0) return
  throw new RangeError(`MatMulIntegerToFloat: ${name} expected shape [], got ${formatShape(shape)}`)
}

function productOf(a: SymbolicShape, b: SymbolicShape): SymbolicShape {
  if (a.length === 2 && b.length === 2 && a[1] === b[0]) return [a[0], b[1]]
  throw new RangeError(`MatMulIntegerToFloat: expected [M,K] x [K,N], ${formatShape(a)} x ${formatShape(b)}`)
}
