/**
 * Multi-head attention of the paper, float64: `Attn(x_i) = sum_j softmax(x_i' W_QK X' ; a_i) X W_VO`, heads given either
 * merged (W_QK, W_VO) or as the four matrices they come from. Rows of X are positions; vectors multiply from the left.
 * The softmax subtracts the largest visible logit, so no logit overflows.
 */
import { type AttentionMask, checkAttentionMask, visibleEnd } from './attention-mask.js'
import { checkMatrix, multiply, transpose } from './matrix.js'

/** A head as its two merged matrices. */
export interface MergedHead {
  kind: 'merged'
  /** W_QK = W_Q W_K' / sqrt(d_K), [d1, d1]. */
  queryKey: Float64Array
  /** W_VO = W_V W_O, [d1, d2]. */
  valueOutput: Float64Array
}

/** A head as its four matrices. */
export interface FactoredHead {
  kind: 'factored'
  /** d_K (n_K in a source), integer >= 1. */
  keyWidth: number
  /** d_V (n_V in a source), integer >= 1. */
  valueWidth: number
  /** W_Q, [d1, d_K]. */
  query: Float64Array
  /** W_K, [d1, d_K]. */
  key: Float64Array
  /** W_V, [d1, d_V]. */
  value: Float64Array
  /** W_O, [d_V, d2]. */
  output: Float64Array
}

export type Head = MergedHead | FactoredHead

/** Multi-head attention: d1 in, d2 out, any number of heads. */
export interface Attention {
  /** d1, integer >= 1. */
  inputs: number
  /** d2, integer >= 1. */
  outputs: number
  heads: Head[]
}

/** W_QK and W_VO of a head; a merged head is returned as it is. */
export function mergeHead(head: Head, inputs: number, outputs: number): MergedHead {
  if (head.kind === 'merged') return head
  const { keyWidth, valueWidth, query, key, value, output } = head
  const queryKey = multiply(query, transpose(key, inputs, keyWidth), inputs, keyWidth, inputs)
  const divisor = Math.sqrt(keyWidth)
  for (let i = 0; i < queryKey.length; i++) queryKey[i] /= divisor
  return { kind: 'merged', queryKey, valueOutput: multiply(value, output, inputs, valueWidth, outputs) }
}

/** What {@link mixValues} needs of a head: logits are dot products of rows, outputs mix value rows. */
export interface Sides {
  queries: Float64Array // [Q, width]
  keys: Float64Array // [T, width]
  width: number
  divisor: number
  values: Float64Array // [T, valueWidth]
  valueWidth: number
}

/** Mixes value rows by masked softmax; returns [Q, valueWidth], a row for each of `positions`, the queries' places. */
export function mixValues(
  sides: Sides,
  mask: AttentionMask,
  positions: ArrayLike<number>,
  length: number,
): Float64Array {
  const { queries, keys, width, divisor, values, valueWidth } = sides
  const mixed = new Float64Array(positions.length * valueWidth)
  const logits = new Float64Array(length)
  for (let q = 0; q < positions.length; q++) {
    const i = positions[q]
    const end = visibleEnd(mask, i, length)
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < end; j++) {
      let dot = 0
      for (let k = 0; k < width; k++) dot += queries[q * width + k] * keys[j * width + k]
      const hidden = typeof mask !== 'string' && mask[i * length + j] === 0
      logits[j] = hidden ? Number.NEGATIVE_INFINITY : dot / divisor
      if (logits[j] > largest) largest = logits[j]
    }
    let total = 0
    for (let j = 0; j < end; j++) {
      const weight = Math.exp(logits[j] - largest)
      total += weight
      for (let k = 0; k < valueWidth; k++) mixed[q * valueWidth + k] += weight * values[j * valueWidth + k]
    }
    for (let k = 0; k < valueWidth; k++) mixed[q * valueWidth + k] /= total
  }
  return mixed
}

/**
 * Forward pass.
 *
 * @param x inputs, [length, d1]
 * @param mask 'encoder' by default
 * @param positions query positions to compute, all by default; each in 0..length-1 (inclusive). Cost is
 *   O(positions x length), so a sample of them makes long inputs affordable.
 * @returns [positions, d2]
 * @throws RangeError where shapes, masks or positions do not fit
 */
export function attend(
  attention: Attention,
  x: Float64Array,
  mask: AttentionMask = 'encoder',
  positions?: ArrayLike<number>,
): Float64Array {
  const { inputs, outputs, heads } = attention
  const length = x.length / inputs
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`"x" expected a positive multiple of ${inputs} values, got ${x.length}`)
  checkAttentionMask(mask, length)
  const chosen = positions ?? Int32Array.from({ length }, (_, i) => i)
  const rows = new Float64Array(chosen.length * inputs)
  for (let q = 0; q < chosen.length; q++) {
    const i = chosen[q]
    if (!Number.isInteger(i) || i < 0 || i >= length)
      throw new RangeError(`"positions[${q}]" expected an integer from 0 to ${length - 1}, got ${i}`)
    rows.set(x.subarray(i * inputs, (i + 1) * inputs), q * inputs)
  }
  const sum = new Float64Array(chosen.length * outputs)
  for (const head of heads) {
    const out = attendHead(head, x, rows, inputs, outputs, mask, chosen, length)
    for (let i = 0; i < sum.length; i++) sum[i] += out[i]
  }
  return sum
}

function attendHead(
  head: Head,
  x: Float64Array,
  rows: Float64Array,
  inputs: number,
  outputs: number,
  mask: AttentionMask,
  positions: ArrayLike<number>,
  length: number,
): Float64Array {
  const count = positions.length
  if (head.kind === 'merged') {
    checkMatrix('queryKey', head.queryKey, inputs, inputs)
    const queries = multiply(rows, head.queryKey, count, inputs, inputs)
    const values = multiply(x, head.valueOutput, length, inputs, outputs)
    const sides = { queries, keys: x, width: inputs, divisor: 1, values, valueWidth: outputs }
    return mixValues(sides, mask, positions, length)
  }
  const { keyWidth, valueWidth } = head
  const sides = {
    queries: multiply(rows, head.query, count, inputs, keyWidth),
    keys: multiply(x, head.key, length, inputs, keyWidth),
    width: keyWidth,
    divisor: Math.sqrt(keyWidth),
    values: multiply(x, head.value, length, inputs, valueWidth),
    valueWidth,
  }
  return multiply(mixValues(sides, mask, positions, length), head.output, count, valueWidth, outputs)
}
