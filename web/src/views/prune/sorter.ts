/** The bundled sorter in float64, from its merged matrices: what each of its attention heads reads. */

import type { BaseConfig } from '../../../../src/families/config.js'
import { familyOf } from '../../../../src/families/family.js'
import { pairPlans } from '../../../../src/families/pair-plan.js'
import { pairTarget } from '../../../../src/families/pair-target.js'
import { biasOf, gainOf, shiftOf } from '../../../../src/families/parameter.js'
import type { NormSpec, Port } from '../../../../src/families/port.js'
import { readModelFolder } from '../../../../src/interop/hugging-face.js'
import type { OpenFile } from '../../../../src/interop/weight-files.js'
import { attend, type MergedHead } from '../../../../src/paper/attention.js'
import { multiply } from '../../../../src/paper/matrix.js'

/** A causal model without rotary positions, with LayerNorm, biases, an output head of its own and GELU's tanh form, opened for its heads. */
export interface Sorter {
  readonly config: BaseConfig
  /** W_QK [d+1, d+1] and W_VO [d+1, d], the constant coordinate last. */
  head(layer: number, head: number): MergedHead
  /** What the heads of a layer read: normalised, a constant 1 appended, [T, d+1]. */
  headInputs(tokens: ArrayLike<number>, layer: number): Float64Array
  /** Logits at the last position, [V]. */
  logits(tokens: ArrayLike<number>): Float64Array
}

/** @throws InputError when a file is missing or does not fit */
export async function openSorter(open: OpenFile): Promise<Sorter> {
  const { config, weights } = await readModelFolder(open)
  const family = familyOf(config)
  const { width: d } = config
  const plans = pairPlans(config, { attention: 'merged', dense: 'embeddings' })
  const merged = new Map(plans.map((plan) => [plan.name, pairTarget(plan, weights)]))
  const ofHead = (part: 'query-key' | 'value-output', layer: number, j: number): Float64Array => {
    const found = plans.find((plan) => plan.part === part && plan.attention.layer === layer && plan.head === j)
    return merged.get(found!.name)!
  }
  const head = (layer: number, j: number): MergedHead => ({
    kind: 'merged',
    queryKey: ofHead('query-key', layer, j),
    valueOutput: ofHead('value-output', layer, j),
  })
  /** x [T, width] through a merged matrix, whose last row is the bias where the map has one. */
  const linear = (name: string, x: Float64Array, rows: number) => {
    const read = weights.has(biasOf(name)) ? withConstant(x, x.length / rows) : x
    const matrix = merged.get(name)!
    const inputs = read.length / rows
    return multiply(read, matrix, rows, inputs, matrix.length / inputs)
  }
  /** The forward pass over values [T, width]; `seen` gets what the heads of each layer read. */
  const passOf = (tokens: ArrayLike<number>, seen: Float64Array[]): Port<Float64Array> => ({
    embed(parts) {
      const x = new Float64Array(tokens.length * d)
      for (const { table, index } of parts) {
        const { data } = weights.get(table)!
        for (let t = 0; t < tokens.length; t++) {
          const from = (index === 'tokens' ? tokens[t] : index === 'positions' ? t : 0) * d
          for (let i = 0; i < d; i++) x[t * d + i] += data[from + i]
        }
      }
      return x
    },
    norm(spec, x) {
      const [gain, shift] = [gainOf(spec.name), shiftOf(spec.name)].map((name) => weights.get(name)!.data)
      return normalise(x, spec, gain, shift)
    },
    linear: (name, x) => linear(name, x, tokens.length),
    attention({ layer, heads }, x) {
      seen[layer] = withConstant(x, d)
      const own = { inputs: d + 1, outputs: d, heads: Array.from({ length: heads }, (_, j) => head(layer, j)) }
      return attend(own, seen[layer], 'causal')
    },
    activate(activation, x) {
      if (activation !== 'gelu_new') throw new RangeError(`"activation" expected gelu_new, got ${activation}`)
      return x.map(geluTanh)
    },
    add: (x, y) => x.map((value, i) => value + y[i]),
    multiply: (x, y) => x.map((value, i) => value * y[i]),
    unembed: (name, x) => linear(name, x, tokens.length),
    see: (_, value) => value,
  })
  return {
    config,
    head,
    headInputs(tokens, layer) {
      const seen: Float64Array[] = []
      family.body(passOf(tokens, seen), config)
      return seen[layer]
    },
    logits(tokens) {
      const port = passOf(tokens, [])
      return family.head(port, config, family.body(port, config)).slice(-config.vocabulary)
    },
  }
}

/** Layer normalisation of rows [T, d]. */
function normalise(x: Float64Array, { epsilon }: NormSpec, gain: Float32Array, shift: Float32Array): Float64Array {
  const d = gain.length
  const out = new Float64Array(x.length)
  for (let from = 0; from < x.length; from += d) {
    const row = x.subarray(from, from + d)
    const mean = row.reduce((sum, value) => sum + value, 0) / d
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d
    for (let i = 0; i < d; i++) out[from + i] = ((row[i] - mean) / Math.sqrt(variance + epsilon)) * gain[i] + shift[i]
  }
  return out
}

function withConstant(x: Float64Array, d: number): Float64Array {
  const rows = x.length / d
  const out = new Float64Array(rows * (d + 1)).fill(1)
  for (let r = 0; r < rows; r++) out.set(x.subarray(r * d, (r + 1) * d), r * (d + 1))
  return out
}

/** `gelu_new`, the sorter's activation. */
function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}
