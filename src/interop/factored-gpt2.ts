/**
 * A dense GPT-2 of the target's own shape that comes close to a pruned one: each merged matrix of a head is replaced by the
 * best one of rank d/H. What the constant coordinate of a key adds to all logits of a query alike cancels in the softmax and
 * is left out; that of a value is a bias. So a query-key matrix is approximated on (d + 1) x d, a value-output one on d x d.
 */
import { headWidth } from '../families/gpt2/config.js'
import { feedForwardPair, queryKeyPair, valueOutputPair } from '../families/gpt2/pair-names.js'
import { gpt2TensorShapes, type WeightTensor } from '../families/gpt2/weights.js'
import type { DenseGpt2, MergedGpt2 } from './merged-gpt2.js'
import { rankFactors } from './rank-factors.js'

/** The factored model. @param onHead told after each head */
export async function factoredGpt2(
  { config, dense, merged }: MergedGpt2,
  onHead: (done: number, total: number) => void = () => {},
): Promise<DenseGpt2> {
  const { width: d, inner, heads, layers, vocabulary, tiedHead } = config
  const D = headWidth(config)
  const weights = new Map<string, WeightTensor>()
  for (const [name, shape] of gpt2TensorShapes(config)) {
    const kept = dense.get(name)
    const count = shape.reduce((product, length) => product * length, 1)
    weights.set(name, kept ?? { shape, data: new Float32Array(count) })
  }
  for (let layer = 0; layer < layers; layer++) {
    const part = (name: string) => weights.get(`transformer.h.${layer}.${name}`)!.data
    const [input, inputBias] = [part('attn.c_attn.weight'), part('attn.c_attn.bias')] // [d, 3d], [3d]
    const [output, outputBias] = [part('attn.c_proj.weight'), part('attn.c_proj.bias')] // [d, d], [d]
    for (let head = 0; head < heads; head++) {
      const at = head * D
      const queryKey = rankFactors(withoutLast(await merged(queryKeyPair(layer, head)), d + 1), d + 1, d, D)
      const valueOutput = await merged(valueOutputPair(layer, head)) // [d + 1, d]
      const values = rankFactors(valueOutput.subarray(0, d * d), d, d, D)
      const scale = Math.sqrt(D) // GPT-2 divides by it
      for (let r = 0; r < D; r++) {
        for (let i = 0; i < d; i++) {
          input[i * 3 * d + at + r] = queryKey.left[i * D + r] * scale
          input[i * 3 * d + d + at + r] = queryKey.right[r * d + i]
          input[i * 3 * d + 2 * d + at + r] = values.left[i * D + r]
          output[(at + r) * d + i] = values.right[r * d + i]
        }
        inputBias[at + r] = queryKey.left[d * D + r] * scale
      }
      for (let i = 0; i < d; i++) outputBias[i] += valueOutput[d * d + i]
      onHead(layer * heads + head + 1, layers * heads)
      await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
    }
    for (const [map, rows] of [
      ['c_fc', d],
      ['c_proj', inner],
    ] as const) {
      const matrix = await merged(feedForwardPair(layer, map)) // [rows + 1, columns]
      const columns = matrix.length / (rows + 1)
      part(`mlp.${map}.weight`).set(matrix.subarray(0, rows * columns))
      part(`mlp.${map}.bias`).set(matrix.subarray(rows * columns))
    }
  }
  if (!tiedHead) {
    const head = await merged('lm_head') // [d, V]
    const rows = weights.get('lm_head.weight')!.data // [V, d]
    for (let i = 0; i < d; i++) for (let v = 0; v < vocabulary; v++) rows[v * d + i] = head[i * vocabulary + v]
  }
  return { config, weights }
}

/** [rows, rows] without its last column. */
function withoutLast(matrix: Float64Array, rows: number): Float64Array {
  const kept = new Float64Array(rows * (rows - 1))
  for (let i = 0; i < rows; i++) kept.set(matrix.subarray(i * rows, (i + 1) * rows - 1), i * (rows - 1))
  return kept
}
