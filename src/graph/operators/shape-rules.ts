import type { Dimension } from '../dimension.js'
import { type DType, formatShape, numericShape, type Shape, type SymbolicShape } from '../tensor.js'
import type { Value } from '../value.js'

/**
 * The shape that two shapes broadcast to, by NumPy's rule: aligned at the last dimension, 1 stretches.
 * A length that has a name fits the same name and 1.
 * @throws RangeError naming the operator and both shapes
 */
export function broadcast(op: string, a: SymbolicShape, b: SymbolicShape): Dimension[] {
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
export function resolveAxis(op: string, axis: number, shape: SymbolicShape): number {
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

/** What an int64 scalar or vector holds, where that is known while the graph is built: a constant, or computed from lengths. */
export const knownIntegers = ({ constant, integers }: Value): readonly Dimension[] | undefined =>
  constant?.dtype === 'int64' ? Array.from(constant.data, Number) : integers

/**
 * The integers of an operand that ONNX passes as an int64 tensor but whose content the shape depends on.
 * @throws TypeError where they are not known
 */
export function integersOf(op: string, value: Value): readonly Dimension[] {
  const known = knownIntegers(value)
  if (known === undefined) throw new TypeError(`${op}: ${value.name} expected an int64 constant`)
  return known
}

/** The same where only numbers will do. @throws RangeError where one has a name */
export const constantIntegers = (op: string, value: Value): Shape => numericShape(`${op}:`, integersOf(op, value))
