/**
 * The matrices that a pruned GPT-2 has to approximate, as one float64 matrix each (paper, section on multi-head
 * attention): per head the merged `W_Q W_K' / sqrt(d_K)` and `W_V W_O`, and the feed-forward matrices. A bias is a weight
 * on a constant input: every map with biases sees [x, 1], the constant last. What the constant adds to all logits of a
 * query alike cancels in the softmax, and is kept all the same: the matrices are merged exactly.
 */
import type { Gpt2Config } from '../families/gpt2/config.js'
import { headWidth } from '../families/gpt2/config.js'
import { feedForwardPair, queryKeyPair, valueOutputPair } from '../families/gpt2/pair-names.js'

/** Reads a weight by its Hugging Face name, float32 row-major. */
export type ReadWeight = (name: string) => Promise<Float32Array>

/** A target matrix W, y = x W: float64, row-major [inputs, outputs]. */
export interface TargetMatrix {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float64Array
}

/** Columns `from`..`from + count` of [W; b], float64 [(rows + 1), count]: W is [rows, columns], b is [columns]. */
function withBias(weight: Float32Array, bias: Float32Array, rows: number, from: number, count: number): Float64Array {
  const columns = bias.length
  const joined = new Float64Array((rows + 1) * count)
  for (let r = 0; r <= rows; r++) {
    const row = r < rows ? weight.subarray(r * columns, (r + 1) * columns) : bias
    for (let c = 0; c < count; c++) joined[r * count + c] = row[from + c]
  }
  return joined
}

/** a b' * factor: a is [rows, inner], b is [columns, inner]; [rows, columns]. */
function multiplyTransposed(a: Float64Array, b: Float64Array, inner: number, factor: number): Float64Array {
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

/** a b: a is [rows, inner], b is [inner, columns]; [rows, columns]. */
function multiply(a: Float64Array, b: Float32Array, inner: number, columns: number): Float64Array {
  const rows = a.length / inner
  const product = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    const row = product.subarray(r * columns, (r + 1) * columns)
    for (let k = 0; k < inner; k++) {
      const value = a[r * inner + k]
      for (let c = 0; c < columns; c++) row[c] += value * b[k * columns + c]
    }
  }
  return product
}

/**
 * Every target matrix of a model, in the order of `gpt2PairShapes`, one in memory at a time.
 *
 * @param wanted which matrices to merge; the others are skipped
 */
export async function* gpt2Targets(
  config: Gpt2Config,
  readWeight: ReadWeight,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<TargetMatrix> {
  const { width: d, inner, heads, layers, vocabulary } = config
  const dK = headWidth(config)
  for (let layer = 0; layer < layers; layer++) {
    const part = (name: string) => readWeight(`transformer.h.${layer}.${name}`)
    const names = Array.from({ length: heads }, (_, head) => [queryKeyPair(layer, head), valueOutputPair(layer, head)])
    if (names.flat().some(wanted)) {
      const [attention, attentionBias, output, outputBias] = await Promise.all(
        ['attn.c_attn.weight', 'attn.c_attn.bias', 'attn.c_proj.weight', 'attn.c_proj.bias'].map(part),
      )
      for (let head = 0; head < heads; head++) {
        const [queryKey, valueOutput] = names[head]
        const slice = (block: number) => withBias(attention, attentionBias, d, block * d + head * dK, dK)
        if (wanted(queryKey)) {
          const weights = multiplyTransposed(slice(0), slice(1), dK, 1 / Math.sqrt(dK)) // [(d+1), (d+1)]
          yield { name: queryKey, inputs: d + 1, outputs: d + 1, weights }
        }
        if (wanted(valueOutput)) {
          const weights = multiply(slice(2), output.subarray(head * dK * d, (head + 1) * dK * d), dK, d) // [(d+1), d]
          for (let c = 0; c < d; c++) weights[d * d + c] += outputBias[c] / heads // attention rows sum to 1
          yield { name: valueOutput, inputs: d + 1, outputs: d, weights }
        }
      }
    }
    const maps = [
      ['c_fc', d, inner],
      ['c_proj', inner, d],
    ] as const
    for (const [map, rows, columns] of maps) {
      const name = feedForwardPair(layer, map)
      if (!wanted(name)) continue
      const [weight, bias] = await Promise.all([part(`mlp.${map}.weight`), part(`mlp.${map}.bias`)])
      yield { name, inputs: rows + 1, outputs: columns, weights: withBias(weight, bias, rows, 0, columns) }
    }
  }
  if (!config.tiedHead && wanted('lm_head')) {
    const head = await readWeight('lm_head.weight') // [V, d]
    const weights = new Float64Array(d * vocabulary)
    for (let v = 0; v < vocabulary; v++) for (let i = 0; i < d; i++) weights[i * vocabulary + v] = head[v * d + i]
    yield { name: 'lm_head', inputs: d, outputs: vocabulary, weights }
  }
}
