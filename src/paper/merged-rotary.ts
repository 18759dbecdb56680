/**
 * Rotary attention by merged matrices: the score of the query at m and the key at n is
 * `sum_p cos(D) x_m' A_p x_n + sin(D) x_m' B_p x_n` with `D = (m - n) theta_p` (docs/rotary.md). A head has d_K of them, two a frequency.
 */
import { mixValues } from './attention.js'
import type { AttentionMask } from './attention-mask.js'
import { multiply } from './matrix.js'
import {
  allOf,
  lengthOf,
  type Projection,
  project,
  type RotaryAttention,
  type RotaryShape,
} from './rotary-attention.js'

/** One query head. */
export interface MergedRotaryHead {
  /** A_p = (q_a k_a' + q_b k_b') / sqrt(d_K), [d_K / 2, d1, d1]; a and b are the halves' columns p of W_Q and of W_K. */
  cosine: Float64Array
  /** B_p = (q_a k_b' - q_b k_a') / sqrt(d_K), [d_K / 2, d1, d1]. */
  sine: Float64Array
  /** W_VO = W_V W_O, [d1, d2]. */
  valueOutput: Float64Array
}

/** Rotary attention whose every query head has its merged matrices, groups in order. */
export interface MergedRotaryAttention extends RotaryShape {
  heads: MergedRotaryHead[]
}

/** The product of a projection's matrices, [inputs, n]. */
function productOf(projection: Projection, inputs: number): Float64Array {
  const identity = new Float64Array(inputs * inputs)
  for (let i = 0; i < inputs; i++) identity[i * inputs + i] = 1
  return project(identity, inputs, inputs, projection)
}

/** The merged matrices of every query head. Equal frequencies are one: their matrices are summed. */
export function mergeRotary(attention: RotaryAttention): MergedRotaryAttention {
  const { inputs, outputs, frequencies, groups } = attention
  const distinct = Float64Array.from(new Set(frequencies))
  const half = frequencies.length
  const divisor = Math.sqrt(2 * half)
  const heads = groups.flatMap((group) => {
    const key = productOf(group.key, inputs)
    const value = productOf(group.value, inputs)
    return group.heads.map((head) => {
      const query = productOf(head.query, inputs)
      const cosine = new Float64Array(distinct.length * inputs * inputs)
      const sine = new Float64Array(distinct.length * inputs * inputs)
      for (let c = 0; c < half; c++) {
        const p = distinct.indexOf(frequencies[c])
        for (let j = 0; j < inputs; j++)
          for (let i = 0; i < inputs; i++) {
            const at = (p * inputs + j) * inputs + i
            const [qa, qb] = [query[j * 2 * half + c], query[j * 2 * half + half + c]]
            const [ka, kb] = [key[i * 2 * half + c], key[i * 2 * half + half + c]]
            cosine[at] += (qa * ka + qb * kb) / divisor
            sine[at] += (qa * kb - qb * ka) / divisor
          }
      }
      return { cosine, sine, valueOutput: project(value, inputs, value.length / inputs, head.output, outputs) }
    })
  })
  return { inputs, outputs, frequencies: distinct, heads }
}

/** Queries and keys whose plain dot products are the scores of a merged head. */
export interface MergedSides {
  /** [positions, width] */
  queries: Float64Array
  /** [length, width] */
  keys: Float64Array
  /** d_K d1 */
  width: number
}

/**
 * Takes `cos(D)` and `sin(D)` apart into what the query's position gives and what the key's gives, so that a score is one product of
 * d_K d1 numbers: `[cos m A' + sin m B', sin m A' - cos m B'] x_m` and `[cos n, sin n] x_n` for each frequency.
 *
 * @param x inputs, [length, d1]; row m stands at position m
 * @param positions of the queries, each in 0..length - 1
 */
export function mergedSides(
  { inputs, frequencies }: RotaryShape,
  { cosine, sine }: Pick<MergedRotaryHead, 'cosine' | 'sine'>,
  x: Float64Array,
  positions: ArrayLike<number>,
): MergedSides {
  const [length, size] = [x.length / inputs, inputs * inputs]
  const width = 2 * frequencies.length * inputs
  const keys = new Float64Array(length * width)
  const queries = new Float64Array(positions.length * width)
  const rows = new Float64Array(positions.length * inputs)
  for (let q = 0; q < positions.length; q++)
    rows.set(x.subarray(positions[q] * inputs, (positions[q] + 1) * inputs), q * inputs)
  frequencies.forEach((frequency, p) => {
    const at = 2 * p * inputs
    for (let n = 0; n < length; n++) {
      const [cos, sin] = [Math.cos(n * frequency), Math.sin(n * frequency)]
      for (let i = 0; i < inputs; i++) {
        keys[n * width + at + i] = cos * x[n * inputs + i]
        keys[n * width + at + inputs + i] = sin * x[n * inputs + i]
      }
    }
    const [a, b] = [cosine, sine].map((matrices) =>
      multiply(rows, matrices.subarray(p * size, (p + 1) * size), positions.length, inputs, inputs),
    )
    for (let q = 0; q < positions.length; q++) {
      const angle = positions[q] * frequency
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
      for (let i = 0; i < inputs; i++) {
        const [byA, byB] = [a[q * inputs + i], b[q * inputs + i]]
        queries[q * width + at + i] = cos * byA + sin * byB
        queries[q * width + at + inputs + i] = sin * byA - cos * byB
      }
    }
  })
  return { queries, keys, width }
}

/**
 * Forward pass.
 *
 * @param x inputs, [length, d1]; row m stands at position m
 * @param mask 'encoder' by default
 * @param positions query positions to compute, all by default; each in 0..length - 1
 * @returns [positions, d2]
 * @throws RangeError where shapes or the mask do not fit
 */
export function attendMergedRotary(
  attention: MergedRotaryAttention,
  x: Float64Array,
  mask: AttentionMask = 'encoder',
  positions?: ArrayLike<number>,
): Float64Array {
  const { inputs, outputs, heads } = attention
  const length = lengthOf(attention, x, mask)
  const chosen = positions ?? allOf(length)
  const sum = new Float64Array(chosen.length * outputs)
  for (const head of heads) {
    const values = multiply(x, head.valueOutput, length, inputs, outputs)
    const sides = { ...mergedSides(attention, head, x, chosen), divisor: 1, values, valueWidth: outputs }
    const out = mixValues(sides, mask, chosen, length)
    for (let i = 0; i < sum.length; i++) sum[i] += out[i]
  }
  return sum
}
