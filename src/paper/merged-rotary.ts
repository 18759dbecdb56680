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

/**
 * Forward pass; row m of `x` stands at position m. `cos(D)` and `sin(D)` are taken apart into what the query's position gives and what the
 * key's gives, so a score is one product of d_K d1 numbers.
 *
 * @param x inputs, [length, d1]
 * @param mask 'encoder' by default
 * @returns [length, d2]
 * @throws RangeError where shapes or the mask do not fit
 */
export function attendMergedRotary(
  attention: MergedRotaryAttention,
  x: Float64Array,
  mask: AttentionMask = 'encoder',
): Float64Array {
  const { inputs, outputs, frequencies, heads } = attention
  const length = lengthOf(attention, x, mask)
  const width = 2 * frequencies.length * inputs
  const keys = new Float64Array(length * width)
  const turns = Array.from(frequencies, (frequency) =>
    Array.from({ length }, (_, m) => [Math.cos(m * frequency), Math.sin(m * frequency)]),
  )
  turns.forEach((turn, p) => {
    for (let n = 0; n < length; n++)
      for (let i = 0; i < inputs; i++) {
        keys[n * width + 2 * p * inputs + i] = turn[n][0] * x[n * inputs + i]
        keys[n * width + (2 * p + 1) * inputs + i] = turn[n][1] * x[n * inputs + i]
      }
  })
  const sum = new Float64Array(length * outputs)
  for (const { cosine, sine, valueOutput } of heads) {
    const queries = new Float64Array(length * width)
    turns.forEach((turn, p) => {
      const part = (matrices: Float64Array): Float64Array =>
        multiply(x, matrices.subarray(p * inputs * inputs, (p + 1) * inputs * inputs), length, inputs, inputs)
      const [a, b] = [part(cosine), part(sine)]
      for (let m = 0; m < length; m++) {
        const [cos, sin] = turn[m]
        for (let i = 0; i < inputs; i++) {
          const [byA, byB] = [a[m * inputs + i], b[m * inputs + i]]
          queries[m * width + 2 * p * inputs + i] = cos * byA + sin * byB
          queries[m * width + (2 * p + 1) * inputs + i] = sin * byA - cos * byB
        }
      }
    })
    const values = multiply(x, valueOutput, length, inputs, outputs)
    const sides = { queries, keys, width, divisor: 1, values, valueWidth: outputs }
    const out = mixValues(sides, mask, allOf(length), length)
    for (let i = 0; i < sum.length; i++) sum[i] += out[i]
  }
  return sum
}
