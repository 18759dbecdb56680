import { type Shape, sizeOf } from '../../src/graph/index.js'

/** A row-major array in float64, whatever the element type that it stands for. */
export interface NdArray {
  readonly shape: Shape
  readonly data: Float64Array
}

/** The array whose element at each index is `at(index)`. */
export function tabulate(shape: Shape, at: (index: number[]) => number): NdArray {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, flat) =>
    at(shape.map((length, axis) => Math.floor(flat / strides[axis]) % length)),
  )
  return { shape: [...shape], data }
}

/** Where an index lies in the data; axes of length 1 and missing leading ones broadcast. */
export function flatIndex(shape: Shape, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length)
  return shape.reduce((flat, length, axis) => flat * length + (length === 1 ? 0 : own[axis]), 0)
}

export const read = ({ shape, data }: NdArray, index: readonly number[]): number => data[flatIndex(shape, index)]

/** The shape that all of these broadcast to. */
export function broadcastShape(...arrays: NdArray[]): number[] {
  const rank = Math.max(...arrays.map(({ shape }) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = arrays.map(({ shape }) => shape[axis - rank + shape.length] ?? 1)
    return lengths.find((length) => length !== 1) ?? 1
  })
}

/** A function of numbers, element by element, shapes broadcasting. */
export const elementwise =
  (f: (...operands: number[]) => number) =>
  (arrays: readonly NdArray[]): NdArray[] => [
    tabulate(broadcastShape(...arrays), (index) => f(...arrays.map((array) => read(array, index)))),
  ]

/** Reduces over some axes, kept as 1: `combine` takes the elements that fall together. */
export function reduce(
  { shape, data }: NdArray,
  axes: readonly number[],
  combine: (line: number[]) => number,
): NdArray {
  const reduced = axes.map((axis) => (axis + shape.length) % shape.length)
  const kept = shape.map((length, axis) => (reduced.includes(axis) ? 1 : length))
  const lines = Array.from({ length: sizeOf(kept) }, (): number[] => [])
  const places = tabulate(shape, (index) => flatIndex(kept, index)).data
  for (const [i, element] of data.entries()) lines[places[i]].push(element)
  return { shape: kept, data: Float64Array.from(lines, combine) }
}

export const sum = (line: readonly number[]): number => line.reduce((total, element) => total + element, 0)

export const mean = (line: readonly number[]): number => sum(line) / line.length
