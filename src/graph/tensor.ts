/** Element types that graphs carry, with the array that holds each. Booleans are bytes, 0 or 1. */
export interface TensorData {
  float32: Float32Array
  int32: Int32Array
  int64: BigInt64Array
  bool: Uint8Array
}

/** An element type. */
export type DType = keyof TensorData

/** Lengths of the dimensions, outermost first; [] is a scalar. Every length is known: there are no symbolic dimensions. */
export type Shape = readonly number[]

/** What a graph knows of a value before it runs. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/** A dense row-major array of one element type. */
export type TensorOf<D extends DType> = { readonly dtype: D; readonly dims: Shape; readonly data: TensorData[D] }

/** A dense row-major array of any element type. */
export type Tensor = { [D in DType]: TensorOf<D> }[DType]

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** A shape as error messages print it: `[2,3]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
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
