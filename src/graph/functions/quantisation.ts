import type { Value } from '../value.js'

/**
 * x / scale rounded to the nearest integer (ties to even), plus the zero point, kept within the range of its type.
 * @param scale float32, a scalar or one a place of the axis
 * @param zero uint8 or int8, of the scale's shape; its type is the result's
 */
export const quantizeLinear = (x: Value, scale: Value, zero: Value, axis: number): Value =>
  x.graph.apply('QuantizeLinear', [x, scale, zero], { axis })[0]

/** (A - zero) B times both scales, summed in 32-bit integers: uint8 [M, K] and int8 [K, N] to float32 [M, N]. Scales and zero are scalars. */
export const matMulIntegerToFloat = (a: Value, b: Value, aScale: Value, bScale: Value, aZero: Value): Value =>
  a.graph.apply('MatMulIntegerToFloat', [a, b, aScale, bScale, aZero], {})[0]
