/** The bundled sorter in float64, from its merged matrices, as far as its attention heads need it: what each of them reads. */

import { type Gpt2Config, gpt2ConfigOf } from '../../../../src/families/gpt2/config.js'
import { feedForwardPair, queryKeyPair, valueOutputPair } from '../../../../src/families/gpt2/pair-names.js'
import { pairPlans } from '../../../../src/families/pair-plan.js'
import { pairTarget } from '../../../../src/families/pair-target.js'
import type { ModelWeights } from '../../../../src/families/weights.js'
import { readModelFolder } from '../../../../src/interop/hugging-face.js'
import type { OpenFile } from '../../../../src/interop/weight-files.js'
import { attend, type MergedHead } from '../../../../src/paper/attention.js'
import { multiply } from '../../../../src/paper/matrix.js'

/** A GPT-2 of GELU's tanh form, opened for its heads. */
export interface Sorter {
  readonly config: Gpt2Config
  /** W_QK [d+1, d+1] and W_VO [d+1, d], the constant coordinate last. */
  head(layer: number, head: number): MergedHead
  /** What the heads of a layer read: normalised, a constant 1 appended, [T, d+1]. */
  headInputs(tokens: ArrayLike<number>, layer: number): Float64Array
  /** Logits at the last position, [V]. */
  logits(tokens: ArrayLike<number>): Float64Array
}

/** @throws InputError when a file is missing or does not fit */
export async function openSorter(open: OpenFile): Promise<Sorter> {
  const { config: read, weights } = await readModelFolder(open)
  const config = gpt2ConfigOf(read)
  const plans = pairPlans(config, { attention: 'merged', dense: 'embeddings' })
  const matrices = new Map(plans.map((plan) => [plan.name, pairTarget(plan, weights)]))
  const head = (layer: number, j: number): MergedHead => ({
    kind: 'merged',
    queryKey: matrices.get(queryKeyPair(layer, j))!,
    valueOutput: matrices.get(valueOutputPair(layer, j))!,
  })
  const { width: d, inner, heads, layers, vocabulary } = config
  /** The residual stream entering `layer`, [T, d]. */
  const stream = (tokens: ArrayLike<number>, layer: number): Float64Array => {
    const length = tokens.length
    const x = embed(weights, tokens, d)
    for (let l = 0; l < layer; l++) {
      const merged = Array.from({ length: heads }, (_, j) => head(l, j))
      add(x, attend({ inputs: d + 1, outputs: d, heads: merged }, normalised(x, `h.${l}.ln_1`), 'causal'))
      const hidden = multiply(
        normalised(x, `h.${l}.ln_2`),
        matrices.get(feedForwardPair(l, 'c_fc'))!,
        length,
        d + 1,
        inner,
      )
      const bent = withConstant(hidden.map(geluTanh), inner)
      add(x, multiply(bent, matrices.get(feedForwardPair(l, 'c_proj'))!, length, inner + 1, d))
    }
    return x
  }
  const normalised = (x: Float64Array, name: string) =>
    withConstant(
      normalise(x, weights.get(`${name}.weight`)!.data, weights.get(`${name}.bias`)!.data, config.layerNormEpsilon),
      d,
    )
  return {
    config,
    head,
    headInputs: (tokens, layer) => normalised(stream(tokens, layer), `h.${layer}.ln_1`),
    logits(tokens) {
      const last = normalised(stream(tokens, layers).subarray(-d), 'ln_f').subarray(0, d)
      return multiply(last, matrices.get('lm_head')!, 1, d, vocabulary)
    },
  }
}

function embed(weights: ModelWeights, tokens: ArrayLike<number>, d: number): Float64Array {
  const token = weights.get('wte')!.data
  const position = weights.get('wpe')!.data
  return Float64Array.from(
    { length: tokens.length * d },
    (_, i) => token[tokens[Math.floor(i / d)] * d + (i % d)] + position[i],
  )
}

function add(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] += y[i]
}

function normalise(x: Float64Array, gain: Float32Array, bias: Float32Array, epsilon: number): Float64Array {
  const d = gain.length
  const out = new Float64Array(x.length)
  for (let from = 0; from < x.length; from += d) {
    const row = x.subarray(from, from + d)
    const mean = row.reduce((sum, value) => sum + value, 0) / d
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d
    for (let i = 0; i < d; i++) out[from + i] = ((row[i] - mean) / Math.sqrt(variance + epsilon)) * gain[i] + bias[i]
  }
  return out
}

function withConstant(x: Float64Array, d: number): Float64Array {
  const rows = x.length / d
  const out = new Float64Array(rows * (d + 1)).fill(1)
  for (let r = 0; r < rows; r++) out.set(x.subarray(r * d, (r + 1) * d), r * (d + 1))
  return out
}

/** GPT-2's `gelu_new`. */
function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}
