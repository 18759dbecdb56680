import { type Shape, sameShape } from '../tensor.js'
import type { Value } from '../value.js'
import { scalar } from './elementwise.js'

/** The axes in another order: axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => x.graph.apply('Transpose', [x], { perm })[0]

/** The same elements in row-major order under another shape, every length >= 1; x itself where it has that shape. */
export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : x.graph.apply('Reshape', [x, integers(x, shape)], {})[0]

/** The value broadcast to a shape by NumPy's rule; itself where it has that shape. */
export const expand = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : x.graph.apply('Expand', [x, integers(x, shape)], {})[0]

/** Float32 zeros in the graph of `like`. */
export const zeros = (like: Value, shape: Shape): Value => expand(scalar(like, 0), shape)

/** The values one after another along an axis; they agree on every other axis. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values[0].graph.apply('Concat', values, { axis })[0]

/** The value cut along an axis into parts of the given lengths, which make up the whole. */
export const split = (data: Value, axis: number, lengths: readonly number[]): Value[] =>
  data.graph.apply('Split', [data, integers(data, lengths)], { axis })

/** The entries of `data` at `indices` (int32 or int64) along an axis, the first unless told. */
export const gather = (data: Value, indices: Value, axis = 0): Value =>
  data.graph.apply('Gather', [data, indices], { axis })[0]

/** The entries start <= i < end along an axis. */
export const slice = (data: Value, axis: number, start: number, end: number): Value =>
  data.graph.apply('Slice', [data, ...[start, end, axis].map((value) => integers(data, [value]))], {})[0]

/**
 * One entry of `data` for each index: with axis 0 of two, result[i, j] = data[indices[i, j], j].
 * @param indices int32 or int64, as many axes as `data`; the result has its shape
 */
export const gatherElements = (data: Value, indices: Value, axis: number): Value =>
  data.graph.apply('GatherElements', [data, indices], { axis })[0]

/**
 * `data` with updates at some places: with axis 0 of two, result[indices[i, j], j] is updates[i, j], or that much more.
 * @param indices int32 or int64, as many axes as `data`
 * @param updates of the shape of `indices`
 * @param reduction 'add' adds every update; 'none' replaces, and a place must not occur twice
 */
export const scatterElements = (
  data: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: 'none' | 'add',
): Value => data.graph.apply('ScatterElements', [data, indices, updates], { axis, reduction })[0]

/** An int64 constant vector, as ONNX wants shapes, starts and lengths. */
export function integers(like: Value, values: readonly number[]): Value {
  return like.graph.constant({
    dtype: 'int64',
    dims: [values.length],
    data: BigInt64Array.from(values, BigInt),
  })
}
