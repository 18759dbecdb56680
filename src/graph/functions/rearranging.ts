import { type Dimension, dimension } from '../dimension.js'
import { formatShape, type SymbolicShape, sameShape } from '../tensor.js'
import type { Value } from '../value.js'
import { scalar } from './elementwise.js'
import { integers } from './lengths.js'

/** The axes in another order: axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => x.graph.apply('Transpose', [x], { perm })[0]

/**
 * The same elements in row-major order under another shape; x itself where it has that shape.
 * @param shape a 0 copies the length of x's axis of that place, and one -1 stands for whatever is left. Names must occur among x's lengths, or be
 * lengths of inputs of the graph; an axis that has no entries when the graph runs must stay in its place.
 * @throws RangeError where the shape has another number of elements
 */
export function reshape(x: Value, shape: SymbolicShape): Value {
  if (sameShape(x.shape, shape)) return x
  const wanted = canonical('Reshape', shape)
  const target = wanted.map((length, axis) => (typeof length === 'string' && length === x.shape[axis] ? 0 : length))
  const open = target.flatMap((length, axis) => (typeof length === 'string' ? [axis] : []))
  if (open.length === 1 && !target.includes(-1)) target[open[0]] = -1
  const [y] = x.graph.apply('Reshape', [x, integers(x, target)], {})
  if (open.every((axis) => y.shape[axis] === wanted[axis])) return y
  throw new RangeError(`Reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`)
}

/** The value broadcast to a shape by NumPy's rule; itself where it has that shape. Names are x's, or lengths of inputs of the graph. */
export function expand(x: Value, shape: SymbolicShape): Value {
  if (sameShape(x.shape, shape)) return x
  const added = shape.length - x.shape.length
  const target = canonical('Expand', shape).map((length, axis) =>
    typeof length === 'string' && length === x.shape[axis - added] ? 1 : length,
  )
  return x.graph.apply('Expand', [x, integers(x, target)], {})[0]
}

/** Lengths in their one form; -1 is left to Reshape. */
const canonical = (op: string, shape: SymbolicShape): Dimension[] =>
  shape.map((length) => (typeof length === 'string' ? dimension(op, length) : length))

/** Float32 zeros in the graph of `like`. */
export const zeros = (like: Value, shape: SymbolicShape): Value => expand(scalar(like, 0), shape)

/** The values one after another along an axis; they agree on every other axis. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values[0].graph.apply('Concat', values, { axis })[0]

/** The value cut along an axis into parts of the given lengths, which make up the whole. */
export const split = (data: Value, axis: number, lengths: readonly number[]): Value[] =>
  data.graph.apply('Split', [data, integers(data, lengths)], { axis })

/** The entries of `data` at `indices` (int32 or int64) along an axis, the first unless told. */
export const gather = (data: Value, indices: Value, axis = 0): Value =>
  data.graph.apply('Gather', [data, indices], { axis })[0]

/**
 * The entries start <= i < end along an axis. A bound may be a length that is known only when the graph runs; then nothing here can check that it
 * lies within the axis, and ONNX cuts it off there.
 * @throws RangeError where a bound that is a number may lie outside
 */
export const slice = (data: Value, axis: number, start: Dimension, end: Dimension): Value =>
  data.graph.apply(
    'Slice',
    [data, ...canonical('Slice', [start, end, axis]).map((value) => integers(data, [value]))],
    {},
  )[0]

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
