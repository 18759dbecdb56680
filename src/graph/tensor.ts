import { type Dimension, productOf } from './dimension.js'

/** Element types that graphs carry, with the array that holds each. Booleans are bytes, 0 or 1. */
export interface TensorData {
  float32: Float32Array
  int32: Int32Array
  int8: Int8Array
  uint8: Uint8Array
  int64: BigInt64Array
  bool: Uint8Array
}

/** An element type. */
export type DType = keyof TensorData

/** Lengths of the axes of an array, outermost first; [] is a scalar. */
export type Shape = readonly number[]

/** The shape of a value in a graph, which may leave lengths open and name them. */
export type SymbolicShape = readonly Dimension[]

/** What a graph knows of a value before it runs. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: SymbolicShape
}

/** A dense row-major array of one element type. */
export type TensorOf<D extends DType> = {
  readonly dtype: D
  readonly dims: Shape
  readonly data: TensorData[D]
}

/** A dense row-major array of any element type. */
export type Tensor = { [D in DType]: TensorOf<D> }[DType]

/**
 * A shape whose lengths are all numbers.
 * @param what needs numbers, as the message begins
 * @throws RangeError where a length has a name
 */
export function numericShape(what: string, shape: SymbolicShape): Shape {
  if (isNumeric(shape)) return shape
  throw new RangeError(`${what} expected lengths that are numbers, got ${formatShape(shape)}`)
}

/** Whether every length is a number. */
export const isNumeric = (shape: SymbolicShape): shape is Shape => shape.every((length) => typeof length === 'number')

/** Number of elements of a shape; 1 for a scalar. @throws RangeError where a length has a name */
export const sizeOf = (shape: SymbolicShape): number =>
  numericShape('"shape"', shape).reduce((product, length) => product * length, 1)

/** Number of elements of a shape, as a length that may have names. */
export const elementsOf = (shape: SymbolicShape): Dimension => shape.reduce(productOf, 1)

/** A shape as error messages print it: `[2,3]`. */
export function formatShape(shape: SymbolicShape): string {
  return `[${shape.join(',')}]`
}

/** Whether two shapes are the same. */
export function sameShape(a: SymbolicShape, b: SymbolicShape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i])
}

/**
 * A tensor of the given elements (not copied).
 * @throws RangeError when the data do not fill the shape
 */
export function tensor<D extends DType>(dtype: D, dims: Shape, data: TensorData[D]): TensorOf<D> {
  if (!dims.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new RangeError(`"dims" expected integers >= 0, got ${formatShape(dims)}`)
  }
  if (data.length !== sizeOf(dims)) {
    throw new RangeError(`"data" expected ${sizeOf(dims)} elements for ${formatShape(dims)}, got ${data.length}`)
  }
  return { dtype, dims: [...dims], data }
}

/** A float32 tensor; see {@link tensor}. */
export const float32 = (dims: Shape, data: Float32Array) => tensor('float32', dims, data)

/** An int32 tensor; see {@link tensor}. */
export const int32 = (dims: Shape, data: Int32Array) => tensor('int32', dims, data)
