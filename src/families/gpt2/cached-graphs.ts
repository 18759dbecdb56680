/**
 * The two graphs of generation with a cache of keys and values. Dimensions: T tokens of a text, width d, H heads of width
 * D = d/H, context P, vocabulary V. Both take every weight under its Hugging Face name, or hold it themselves.
 */
import {
  add,
  concat,
  createGraph,
  type Graph,
  gather,
  gemm,
  matMul,
  mul,
  reduceSum,
  reshape,
  scalar,
  softmax,
  split,
  type Value,
} from '../../graph/index.js'
import { type Gpt2Config, headWidth } from './config.js'
import { block, embed, feedForward, layerNorm, linear, type Observe, type WeightLookup } from './layers.js'
import { type Gpt2Weights, gpt2TensorShapes } from './weights.js'

/** Names of a block's keys and values: of one token (outputs) and of those before (inputs). */
export const keysOf = (layer: number): string => `h.${layer}.k`
export const valuesOf = (layer: number): string => `h.${layer}.v`
export const cachedKeysOf = (layer: number): string => `h.${layer}.k.before`
export const cachedValuesOf = (layer: number): string => `h.${layer}.v.before`

/**
 * Reads a text: inputs `tokens` [1, T] and `last` [1] (int32), the index of its last token, after which there may be
 * padding. Outputs `logits` [1, V] of the token that follows, and for each block its keys and values [1, H, T, D].
 */
export function prefillGraph(config: Gpt2Config, length: number): Graph {
  const { graph, weight } = declareWeights(config, 'gpt2_prefill')
  const observe: Observe = (name, value) => (/^h\.\d+\.[kv]$/.test(name) ? graph.output(name, value) : value)
  let x = embed(weight, graph.input('tokens', 'int32', [1, length])) // [1, T, d]
  for (let layer = 0; layer < config.layers; layer++) x = block(config, weight, layer, x, observe)
  const last = gather(reshape(x, [length, config.width]), graph.input('last', 'int32', [1])) // [1, d]
  graph.output('logits', lastLogits(config, weight, last))
  return graph
}

/**
 * Reads one more token: inputs `token` and `position` [1] (int32), `mask` [P] (float32: 0 where a token was read before,
 * -Infinity elsewhere), and for each block the keys [H, D, P] and values [H, P, D] of the tokens before; what they hold
 * under -Infinity must be finite. Outputs `logits` [1, V], and for each block this token's key and value [H, 1, D].
 * @param held weights that the graph holds as constants; without them they are inputs
 */
export function stepGraph(config: Gpt2Config, held?: Gpt2Weights): Graph {
  const { graph, weight } = declareWeights(config, 'gpt2_step', held)
  const { width: d, heads: H, positions: P, layers } = config
  const D = headWidth(config)
  const token = gather(weight('transformer.wte.weight'), graph.input('token', 'int32', [1])) // [1, d]
  const position = gather(weight('transformer.wpe.weight'), graph.input('position', 'int32', [1])) // [1, d]
  const mask = graph.input('mask', 'float32', [P])
  let x = add(token, position)
  for (let layer = 0; layer < layers; layer++) {
    const name = `transformer.h.${layer}`
    const qkv = linear(weight, `${name}.attn.c_attn`, layerNorm(config, weight, `${name}.ln_1`, x)) // [1, 3d]
    const [q, k, v] = split(qkv, 1, [d, d, d]).map((part) => reshape(part, [H, 1, D]))
    graph.output(keysOf(layer), k)
    graph.output(valuesOf(layer), v)
    const keys = graph.input(cachedKeysOf(layer), 'float32', [H, D, P])
    const values = graph.input(cachedValuesOf(layer), 'float32', [H, P, D])
    const scale = scalar(x, 1 / Math.sqrt(D))
    const before = add(mul(matMul(q, keys), scale), mask) // [H, 1, P]
    const own = mul(reduceSum(mul(q, k), [2], true), scale) // [H, 1, 1]
    const [past, present] = split(softmax(concat([before, own], 2)), 2, [P, 1])
    const mixed = add(matMul(past, values), mul(present, v)) // [H, 1, D]
    const attended = add(x, linear(weight, `${name}.attn.c_proj`, reshape(mixed, [1, d])))
    x = add(attended, feedForward(config, weight, `${name}.mlp`, layerNorm(config, weight, `${name}.ln_2`, attended)))
  }
  graph.output('logits', lastLogits(config, weight, x))
  return graph
}

function declareWeights(config: Gpt2Config, name: string, held?: Gpt2Weights): { graph: Graph; weight: WeightLookup } {
  const graph = createGraph(name)
  const values = new Map<string, Value>()
  for (const [key, shape] of gpt2TensorShapes(config)) {
    const value = held
      ? graph.constant({ dtype: 'float32', dims: shape, data: held.get(key)!.data })
      : graph.input(key, 'float32', shape)
    values.set(key, value)
  }
  return { graph, weight: (key) => values.get(key)! }
}

/** [1, d] -> [1, V]. */
function lastLogits(config: Gpt2Config, weight: WeightLookup, x: Value): Value {
  const head = weight(config.tiedHead ? 'transformer.wte.weight' : 'lm_head.weight')
  return gemm(layerNorm(config, weight, 'transformer.ln_f', x), head, { transB: true })
}
