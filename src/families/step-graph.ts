/** One more token with a cache of keys and values: its port, and its graph. K key heads of width D, G = H / K, room for P tokens, vocabulary V. */
import {
  add,
  concat,
  createGraph,
  type Graph,
  gather,
  matMul,
  mul,
  reduceSum,
  reshape,
  scalar,
  softmax,
  split,
  type Value,
} from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { type DeclaredWeights, keysOf, valuesOf } from './dense-graph.js'
import { familyOf } from './family.js'
import type { AttentionSpec } from './port.js'
import { rotate, rotationConstants } from './rotary.js'
import { createTextPort } from './text-graph.js'
import type { WeightTensor } from './weights.js'

/** Names of a block's keys and values of the tokens before. */
export const cachedKeysOf = (layer: number): string => `h.${layer}.k.before`
export const cachedValuesOf = (layer: number): string => `h.${layer}.v.before`

/**
 * Reads one more token: inputs `token` and `position` [1] (int32), `mask` [P] (float32: 0 where a token was read before, -Infinity
 * elsewhere), and for each block the keys [K, D, P] and values [K, P, D] of the tokens before; what they hold under -Infinity must be
 * finite. Outputs `logits` [1, V], and for each block this token's key and value [K, 1, D].
 * @param P tokens that there is room for, at most the model's positions; `position` is less
 * @param weights shapes of the weights, which are inputs; or whole tensors, where the graph is to hold them as constants
 */
export function stepGraph(
  config: BaseConfig,
  weights: DeclaredWeights | ReadonlyMap<string, WeightTensor>,
  P: number,
): Graph {
  const family = familyOf(config)
  const graph = createGraph(`${family.name}_step`)
  const values = new Map<string, Value>()
  const weight = (key: string): Value | undefined => {
    const found = weights.get(key)
    if (found === undefined) return undefined
    const { shape } = found
    const make = () =>
      'data' in found
        ? graph.constant({ dtype: 'float32', dims: shape, data: (found as WeightTensor).data })
        : graph.input(key, 'float32', shape)
    const value = values.get(key) ?? make()
    values.set(key, value)
    return value
  }
  const token = graph.input('token', 'int32', [1])
  const position = graph.input('position', 'int32', [1])
  const mask = graph.input('mask', 'float32', [P])
  const turns = new Map<string, { cos: Value; sin: Value }>()
  const turnOf = (theta: number, width: number) => {
    const key = `${theta} ${width}`
    const made = () => {
      const { cos, sin } = rotationConstants(graph, P, width, theta)
      return { cos: gather(cos, position), sin: gather(sin, position) } // [1, D / 2]
    }
    const known = turns.get(key) ?? made()
    turns.set(key, known)
    return known
  }
  const port = createTextPort({
    batch: 1,
    length: 1,
    width: config.width,
    causal: true,
    tokens: token,
    weight,
    position,
  })
  const attention = (spec: AttentionSpec, x: Value): Value => {
    const { layer, heads: H, keyHeads: K, headWidth: D } = spec
    const together = port.linear(`${spec.name}.qkv`, x) // [1, (H + 2 K) D]
    const [all, ownKey, v] = split(together, 1, [H * D, K * D, K * D]).map((part, i) => {
      return reshape(part, [K, i === 0 ? H / K : 1, D])
    })
    const turn = spec.rotary && turnOf(spec.rotary.theta, D)
    const [q, k] = turn ? [rotate(all, turn), rotate(ownKey, turn)] : [all, ownKey] // [K, G, D], [K, 1, D]
    graph.output(keysOf(layer), k)
    graph.output(valuesOf(layer), v)
    const keys = graph.input(cachedKeysOf(layer), 'float32', [K, D, P])
    const before = graph.input(cachedValuesOf(layer), 'float32', [K, P, D])
    const scale = scalar(x, 1 / Math.sqrt(D))
    const past = add(mul(matMul(q, keys), scale), mask) // [K, G, P]
    const own = mul(reduceSum(mul(q, k), [2], true), scale) // [K, G, 1]
    const [ofPast, ofOwn] = split(softmax(concat([past, own], 2)), 2, [P, 1])
    const mixed = add(matMul(ofPast, before), mul(ofOwn, v)) // [K, G, D]
    return port.linear(spec.output, reshape(mixed, [1, H * D]))
  }
  const stepping = { ...port, attention }
  graph.output('logits', family.head(stepping, config, family.body(stepping, config)))
  return graph
}
