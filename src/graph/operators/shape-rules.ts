import { type DType, formatShape, type Shape } from '../tensor.js'
import type { Value } from '../value.js'

/**
 * The shape that two shapes broadcast to, by NumPy's rule: aligned at the last dimension, 1 stretches.
 * @throws RangeError naming the operator and both shapes
 */
export function broadcast(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1
    const right = b[i - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`${op}: shapes do not broadcast, ${formatShape(a)} and ${formatShape(b)}`)
    }
    return left === 1 ? right : left
  })
}

/** The axis counted from the front; `axis` may count from the back with negative numbers. */
export function resolveAxis(op: string, axis: number, shape: Shape): number {
  const resolved = axis < 0 ? axis + shape.length : axis
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= shape.length) {
    throw new RangeError(`${op}: no axis ${axis} in ${formatShape(shape)}`)
  }
  return resolved
}

/** Throws TypeError unless the value has one of these element types. */
export function expectDType(op: string, value: Value, ...expected: DType[]): void {
  if (!expected.includes(value.dtype)) {
    throw new TypeError(`${op}: ${value.name} expected ${expected.join(' or ')}, got ${value.dtype}`)
  }
}

/** The integers of an operand that ONNX passes as an int64 tensor but whose content the shape depends on. */
export function constantIntegers(op: string, value: Value): number[] {
  if (value.constant?.dtype !== 'int64') throw new TypeError(`${op}: ${value.name} expected an int64 constant`)
  return Array.from(value.constant.data, Number)
}
