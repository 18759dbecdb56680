/**
 * A dense GPT-2 that computes exactly what a pruned one does. Its heads are merged matrices on x~ = [x, 1], and the pruning
 * error makes them of full rank, so heads of width d/H cannot hold them. But a residual stream repeated H times is the same
 * to LayerNorm (mean and variance do not change), and a head of it is as wide as x itself: q = x~ M, k = x, v = x, and
 * c_proj = N. What is read, is read from the first copy; what is added, to all of them. The column of M that meets the
 * constant of the keys is left out: it adds the same to all logits of a query, which cancels in the softmax.
 */
import { checkGpt2Config, type Gpt2Config } from '../families/gpt2/config.js'
import { feedForwardPair, queryKeyPair, valueOutputPair } from '../families/gpt2/pair-names.js'
import { countParameters, gpt2TensorShapes, type WeightTensor } from '../families/gpt2/weights.js'
import type { DenseGpt2, MergedGpt2 } from './merged-gpt2.js'

/** The configuration of {@link widenedGpt2}: H times as wide, so that a head has the width d. */
export const widenedConfig = (config: Gpt2Config): Gpt2Config => ({ ...config, width: config.heads * config.width })

/** Bytes of the widened model's weights in float32. */
export const widenedBytes = (config: Gpt2Config): number => 4 * countParameters(widenedConfig(config))

/**
 * The widened model: equal to the pruned one, up to the rounding of float32.
 * A tied head sums H equal products, so the last LayerNorm is divided by H.
 */
export async function widenedGpt2({ config, dense, merged }: MergedGpt2): Promise<DenseGpt2> {
  const wide = widenedConfig(config)
  checkGpt2Config(wide)
  const { width: d, inner, heads, layers, vocabulary, tiedHead } = config
  const weights = new Map<string, WeightTensor>()
  for (const [name, shape] of gpt2TensorShapes(wide)) {
    weights.set(name, { shape, data: new Float32Array(shape.reduce((product, length) => product * length, 1)) })
  }
  const data = (name: string) => weights.get(name)!.data
  for (const [name, { data: values }] of dense) {
    const factor = tiedHead && name.startsWith('transformer.ln_f.') ? 1 / heads : 1
    repeatRows(values, data(name), d, heads, factor)
  }
  for (let layer = 0; layer < layers; layer++) {
    const part = (name: string) => data(`transformer.h.${layer}.${name}`)
    const attention: Attention = {
      config,
      input: part('attn.c_attn.weight'),
      inputBias: part('attn.c_attn.bias'),
      output: part('attn.c_proj.weight'),
      outputBias: part('attn.c_proj.bias'),
    }
    for (let head = 0; head < heads; head++) {
      setQueryKey(attention, head, await merged(queryKeyPair(layer, head)))
      setValueOutput(attention, head, await merged(valueOutputPair(layer, head)))
    }
    const up = await merged(feedForwardPair(layer, 'c_fc')) // [d + 1, F]
    part('mlp.c_fc.weight').set(up.subarray(0, d * inner))
    part('mlp.c_fc.bias').set(up.subarray(d * inner))
    const down = await merged(feedForwardPair(layer, 'c_proj')) // [F + 1, d]
    repeatRows(down.subarray(0, inner * d), part('mlp.c_proj.weight'), d, heads, 1)
    repeatRows(down.subarray(inner * d), part('mlp.c_proj.bias'), d, heads, 1)
  }
  if (!tiedHead) {
    const head = await merged('lm_head') // [d, V]
    const rows = data('lm_head.weight') // [V, H d]
    for (let i = 0; i < d; i++) for (let v = 0; v < vocabulary; v++) rows[v * wide.width + i] = head[i * vocabulary + v]
  }
  return { config: wide, weights }
}

/** Rows of d numbers -> rows of copies * d. */
function repeatRows(
  from: Float32Array | Float64Array,
  to: Float32Array,
  d: number,
  copies: number,
  factor: number,
): void {
  for (let start = 0; start < from.length; start += d) {
    for (let copy = 0; copy < copies; copy++) {
      const at = start * copies + copy * d
      for (let i = 0; i < d; i++) to[at + i] = from[start + i] * factor
    }
  }
}

/** The attention weights of a widened block, being filled. */
interface Attention {
  /** Of the pruned model. */
  readonly config: Gpt2Config
  /** [H d, 3 H d] */
  readonly input: Float32Array
  readonly inputBias: Float32Array
  /** [H d, H d] */
  readonly output: Float32Array
  readonly outputBias: Float32Array
}

/** q = x~ M, with what GPT-2 divides logits by, and k = x. @param matrix M, [d + 1, d + 1] */
function setQueryKey({ config, input, inputBias }: Attention, head: number, matrix: Float64Array): void {
  const { width: d, heads } = config
  const scale = Math.sqrt(d)
  const columns = 3 * heads * d
  const [query, key] = [head * d, (heads + head) * d]
  for (let b = 0; b < d; b++) {
    for (let a = 0; a < d; a++) input[a * columns + query + b] = matrix[a * (d + 1) + b] * scale
    inputBias[query + b] = matrix[d * (d + 1) + b] * scale
    input[b * columns + key + b] = 1
  }
}

/** v = x and c_proj = N; attention weights sum to 1, so the row of the constant is a bias. @param matrix N, [d + 1, d] */
function setValueOutput({ config, input, output, outputBias }: Attention, head: number, matrix: Float64Array): void {
  const { width: d, heads } = config
  const wide = heads * d
  for (let a = 0; a < d; a++) {
    input[a * 3 * wide + 2 * wide + head * d + a] = 1
    for (let at = 0; at < wide; at++) output[(head * d + a) * wide + at] = matrix[a * d + (at % d)]
  }
  for (let at = 0; at < wide; at++) outputBias[at] += matrix[d * d + (at % d)]
}
