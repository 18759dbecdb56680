/**
 * Rotary attention, float64: as the paper's attention (attention.ts), but each query and each key is turned by its position first (Su et
 * al., arXiv 2104.09864). The two halves of a head turn together, as in transformers: column p of the first half, column p of the second,
 * and frequency p belong to one another. Query heads may share a key head and a value head (GQA).
 */
import { mixValues } from './attention.js'
import { type AttentionMask, checkAttentionMask } from './attention-mask.js'
import { checkMatrix, multiply } from './matrix.js'

/** What the heads of every rotary attention have in common. */
export interface RotaryShape {
  /** d1, integer >= 1. */
  inputs: number
  /** d2, integer >= 1. */
  outputs: number
  /** theta_p, radians a position, [d_K / 2]. The key width is twice its length. */
  frequencies: Float64Array
}

/**
 * A linear map as the matrices it is made of, applied in turn: one for an ordinary head, two where two random layers stand for it. The first
 * is [inputs, n], the next [n, m], and so on.
 */
export type Projection = readonly Float64Array[]

/** Query heads that share a key head and a value head; with one query head, the ordinary case. */
export interface RotaryGroup {
  /** W_K, [d1, d_K]. */
  key: Projection
  /** W_V, [d1, d_V]. */
  value: Projection
  /** Of each query head W_Q, [d1, d_K], and W_O, [d_V, d2]. */
  heads: { query: Projection; output: Projection }[]
}

/** Rotary attention by the matrices of its heads. Scores are divided by sqrt(d_K). */
export interface RotaryAttention extends RotaryShape {
  groups: RotaryGroup[]
}

/** Throws TypeError for a non-number, RangeError unless `value` is an even integer >= 2. */
function checkEven(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < 2 || value % 2 !== 0)
    throw new RangeError(`"${name}" expected an even integer >= 2, got ${value}`)
}

/**
 * The frequencies of a head: `theta^(-2p / d_K)`, p = 0..d_K/2 - 1.
 *
 * @param keyWidth d_K, even, >= 2
 * @param theta the base, > 0; 10,000 by default
 * @returns radians a position, [d_K / 2]
 */
export function rotaryFrequencies(keyWidth: number, theta = 10_000): Float64Array {
  checkEven('keyWidth', keyWidth)
  if (typeof theta !== 'number') throw new TypeError(`"theta" expected a number, got ${typeof theta}`)
  if (!(theta > 0) || theta === Number.POSITIVE_INFINITY)
    throw new RangeError(`"theta" expected a finite number above 0, got ${theta}`)
  return Float64Array.from({ length: keyWidth / 2 }, (_, p) => theta ** ((-2 * p) / keyWidth))
}

/**
 * Turns row m of `rows` by its position m, in place: `[a, b]` becomes `[a cos - b sin, b cos + a sin]`, which is
 * `q cos + rotate_half(q) sin`.
 *
 * @param rows [length, 2 frequencies]
 */
export function rotateHalves(rows: Float64Array, frequencies: Float64Array, length: number): Float64Array {
  const half = frequencies.length
  checkMatrix('rows', rows, length, 2 * half)
  for (let m = 0; m < length; m++)
    for (let p = 0; p < half; p++) {
      const angle = m * frequencies[p]
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
      const [first, second] = [m * 2 * half + p, m * 2 * half + half + p]
      const [a, b] = [rows[first], rows[second]]
      rows[first] = a * cos - b * sin
      rows[second] = b * cos + a * sin
    }
  return rows
}

/**
 * Rows of a query or key matrix whose heads turn neighbouring pairs (Meta, llama2.c, GGUF), in the order of heads that turn halves
 * (transformers): of each head the even rows, then the odd ones. Scores stay the same when W_Q and W_K are both reordered.
 *
 * @param weights [heads x headWidth, columns], or a bias with columns = 1
 * @param headWidth rows of a head, even, >= 2
 * @param columns integer >= 1
 * @returns a new array of the same shape and type
 */
export function halvesFromPairs<T extends Float32Array | Float64Array>(
  weights: T,
  headWidth: number,
  columns: number,
): T {
  checkEven('headWidth', headWidth)
  const rows = weights.length / columns
  if (!Number.isInteger(rows / headWidth))
    throw new RangeError(`"weights" expected heads of ${headWidth} x ${columns} values, got ${weights.length}`)
  const out = weights.slice() as T
  for (let row = 0; row < rows; row++) {
    const within = row % headWidth
    const to = row - within + (within % 2) * (headWidth / 2) + Math.floor(within / 2)
    out.set(weights.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  return out
}

/**
 * `rows` times the matrices of a projection, in turn.
 *
 * @param rows [length, inputs]
 * @param outputs width of the result; only where the last matrix is empty does it not follow from the matrices
 * @returns [length, outputs]
 */
export function project(
  rows: Float64Array,
  length: number,
  inputs: number,
  projection: Projection,
  outputs?: number,
): Float64Array {
  let [current, width] = [rows, inputs]
  projection.forEach((matrix, i) => {
    const known = i === projection.length - 1 ? outputs : undefined
    const next = known ?? (width === 0 ? 0 : matrix.length / width)
    current = multiply(current, matrix, length, width, next)
    width = next
  })
  return current
}

/** Rows of `x`, once it and the mask have been checked. */
export function lengthOf({ inputs }: RotaryShape, x: Float64Array, mask: AttentionMask): number {
  const length = x.length / inputs
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`"x" expected a positive multiple of ${inputs} values, got ${x.length}`)
  checkAttentionMask(mask, length)
  return length
}

/** Every query position. */
export const allOf = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i)

/**
 * Forward pass; row m of `x` stands at position m.
 *
 * @param x inputs, [length, d1]
 * @param mask 'encoder' by default
 * @returns [length, d2]
 * @throws RangeError where shapes or the mask do not fit
 */
export function attendRotary(
  attention: RotaryAttention,
  x: Float64Array,
  mask: AttentionMask = 'encoder',
): Float64Array {
  const { inputs, outputs, frequencies, groups } = attention
  const length = lengthOf(attention, x, mask)
  const width = 2 * frequencies.length
  const sum = new Float64Array(length * outputs)
  for (const { key, value, heads } of groups) {
    const keys = rotateHalves(project(x, length, inputs, key, width), frequencies, length)
    const values = project(x, length, inputs, value)
    const valueWidth = values.length / length
    for (const { query, output } of heads) {
      const queries = rotateHalves(project(x, length, inputs, query, width), frequencies, length)
      const sides = { queries, keys, width, divisor: Math.sqrt(width) || 1, values, valueWidth }
      const out = project(mixValues(sides, mask, allOf(length), length), length, valueWidth, output, outputs)
      for (let i = 0; i < sum.length; i++) sum[i] += out[i]
    }
  }
  return sum
}
