/** The matrices that a pruned model approximates, in float64. */
import type { PairPlan } from './pair-plan.js'
import { biasOf, gainOf, shiftOf } from './parameter.js'
import type { AttentionSpec, NormSpec } from './port.js'
import type { ModelWeights } from './weights.js'

/** Columns of a linear map with what rides on its inputs: the gain of a folded norm, and in a last row the bias and the norm's shift. */
interface AffineOptions {
  readonly norm: NormSpec | undefined
  /** Whether there is a row of the constant coordinate. */
  readonly constant: boolean
  /** First column, and how many. */
  readonly from: number
  readonly count: number
}

/** A target matrix W, y = x W: float64, row-major [inputs, outputs]. */
export interface TargetMatrix {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float64Array
}

/** The target matrices of some pairs in their order, one in memory at a time. */
export function* pairTargets(plans: Iterable<PairPlan>, weights: ModelWeights): Generator<TargetMatrix> {
  for (const plan of plans) {
    const { name, inputs, outputs } = plan
    yield { name, inputs, outputs, weights: pairTarget(plan, weights) }
  }
}

/**
 * The target matrix of a pair, float64, row-major [inputs, outputs].
 * @param weights the model's; biases and vectors of norms that it lacks are 0, gains 1
 */
export function pairTarget(plan: PairPlan, weights: ModelWeights): Float64Array {
  const { constant, inputs, outputs } = plan
  switch (plan.part) {
    case 'linear': {
      const options = { norm: plan.norm, constant, from: 0, count: outputs }
      return affine(plan.isHead ? transposedHead(weights, plan.map) : ofMap(weights, plan.map), weights, options)
    }
    case 'query-key': {
      const { attention } = plan
      const [query, key] = queryAndKey(plan, weights)
      return productTransposed(query, key, attention.headWidth, 1 / Math.sqrt(attention.headWidth))
    }
    case 'value-output':
      return valueOutput(plan, weights)
    case 'rotary': {
      const { headWidth: D } = plan.attention
      const [query, key] = queryAndKey(plan, weights)
      return rotaryTarget(query, key, D, plan.frequency)
    }
    case 'diagonal':
      return vector(weights, gainOf(plan.norm.name), inputs, 1)
    case 'shift':
      return vector(weights, shiftOf(plan.norm.name), outputs, 0)
    case 'table': {
      const { data } = weights.get(plan.table)!
      return Float64Array.from(data.subarray(plan.from * outputs, (plan.from + inputs) * outputs))
    }
  }
}

/** A map W [rows, columns] by its entries, and its bias [columns]. */
interface LinearMap {
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
  readonly bias: Float32Array | undefined
}

function ofMap(weights: ModelWeights, name: string): LinearMap {
  const { shape, data } = weights.get(name)!
  return { rows: shape[0], columns: shape[1], data, bias: weights.get(biasOf(name))?.data }
}

/** A head [V, d] as the map [d, V] that it is. */
function transposedHead(weights: ModelWeights, name: string): LinearMap {
  const { shape, data } = weights.get(name)!
  const [columns, rows] = shape
  const turned = new Float32Array(data.length)
  for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) turned[r * columns + c] = data[c * rows + r]
  return { rows, columns, data: turned, bias: weights.get(biasOf(name))?.data }
}

/** [diag(gain) W; shift W + bias], some columns of it: float64 [rows or rows + 1, count]. */
function affine(map: LinearMap, weights: ModelWeights, { norm, constant, from, count }: AffineOptions): Float64Array {
  const { rows, columns, data, bias } = map
  const gain = norm && weights.get(gainOf(norm.name))?.data
  const shift = norm && weights.get(shiftOf(norm.name))?.data
  const out = new Float64Array((rows + Number(constant)) * count)
  const last = out.subarray(rows * count)
  if (bias) for (let c = 0; c < count; c++) last[c] = bias[from + c]
  for (let r = 0; r < rows; r++) {
    const factor = gain ? gain[r] : 1
    for (let c = 0; c < count; c++) {
      const value = data[r * columns + from + c]
      out[r * count + c] = factor * value
      if (shift) last[c] += shift[r] * value
    }
  }
  return out
}

/** Query and key maps of a query head, [d1, D] each. Heads of a group share their key. */
function queryAndKey(plan: PairPlan & { part: 'query-key' | 'rotary' }, weights: ModelWeights): Float64Array[] {
  const { attention, head, norm, constant } = plan
  const { headWidth: count } = attention
  const of = (map: string, number: number) =>
    affine(ofMap(weights, map), weights, { norm, constant, from: number * count, count })
  return [of(attention.query, head), of(attention.key, keyHeadOf(attention, head))]
}

const keyHeadOf = ({ heads, keyHeads }: AttentionSpec, head: number): number => Math.floor((head * keyHeads) / heads)

/** W_V W_O, and for the constant b_V W_O + b_O / H: the probabilities of a query sum to 1. */
function valueOutput(plan: PairPlan & { part: 'value-output' }, weights: ModelWeights): Float64Array {
  const { attention, head, norm, constant, inputs, outputs } = plan
  const { headWidth: D, heads } = attention
  const from = keyHeadOf(attention, head) * D
  const value = affine(ofMap(weights, attention.value), weights, { norm, constant, from, count: D })
  const { data, bias } = ofMap(weights, attention.output)
  const product = new Float64Array(inputs * outputs)
  for (let r = 0; r < inputs; r++) {
    const row = product.subarray(r * outputs, (r + 1) * outputs)
    for (let k = 0; k < D; k++) {
      const factor = value[r * D + k]
      const at = (head * D + k) * outputs
      for (let c = 0; c < outputs; c++) row[c] += factor * data[at + c]
    }
  }
  if (bias) for (let c = 0; c < outputs; c++) product[(inputs - 1) * outputs + c] += bias[c] / heads
  return product
}

/** a b' factor: a is [rows, inner], b is [columns, inner]; [rows, columns]. */
function productTransposed(a: Float64Array, b: Float64Array, inner: number, factor: number): Float64Array {
  const rows = a.length / inner
  const columns = b.length / inner
  const product = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0
      for (let k = 0; k < inner; k++) sum += a[r * inner + k] * b[c * inner + k]
      product[r * columns + c] = sum * factor
    }
  }
  return product
}

/** [A | B] / sqrt(D) of a frequency, [d1, 2 d1]: A = q_a k_a' + q_b k_b', B = q_a k_b' - q_b k_a', a and b the halves' columns. */
function rotaryTarget(query: Float64Array, key: Float64Array, D: number, frequency: number): Float64Array {
  const size = query.length / D
  const other = frequency + D / 2
  const factor = 1 / Math.sqrt(D)
  const target = new Float64Array(2 * size * size)
  for (let r = 0; r < size; r++) {
    const [qa, qb] = [query[r * D + frequency], query[r * D + other]]
    for (let c = 0; c < size; c++) {
      const [ka, kb] = [key[c * D + frequency], key[c * D + other]]
      target[r * 2 * size + c] = (qa * ka + qb * kb) * factor
      target[r * 2 * size + size + c] = (qa * kb - qb * ka) * factor
    }
  }
  return target
}

const vector = (weights: ModelWeights, name: string, size: number, otherwise: number): Float64Array =>
  Float64Array.from(weights.get(name)?.data ?? new Float32Array(size).fill(otherwise))
