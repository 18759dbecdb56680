/**
 * The whole of a model in one graph that holds its weights, so that they are there once: texts, one more token, and encoders are runs of it.
 * B sequences of T new tokens, P tokens before them, R rows whose logits are asked for; H query heads and K key heads of width D, G = H / K.
 */
import {
  add,
  concat,
  createGraph,
  type Graph,
  gather,
  lessOrEqual,
  matMul,
  mul,
  productOf,
  range,
  reshape,
  scalar,
  slice,
  softmax,
  transpose,
  type Value,
  where,
} from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { keysOf, valuesOf } from './dense-graph.js'
import { familyOf } from './family.js'
import { attend, B, MASKED, maskLogits, type OpenInputs, type OpenWeights, once, openPort, P, T } from './open-graph.js'
import type { AttentionSpec } from './port.js'
import { cachedKeysOf, cachedValuesOf } from './step-graph.js'
import type { Activations } from './ternary-graph.js'

const R = 'rows'

/**
 * Inputs `tokens` [B, T] and `rows` [R] (int32), indices among the B T tokens; output `logits` [R, V].
 * - Of a causal model also `position` [B, T] (int32), `mask` [P] (float32: 0 where a token was read before, -Infinity elsewhere), and for each
 *   block the keys [K, D, P] and values [K, P, D] of the tokens before, the same for all sequences and finite under -Infinity; outputs the keys
 *   and values of the new tokens [B, K, T, D].
 * - Of an encoder also `mask` [B, T] (float32: 1 for a token, 0 for padding) and `types` [B, T] (int32); output `hidden` [B, T, d].
 */
export function ternaryModelGraph(config: BaseConfig, weights: OpenWeights, activations: Activations): Graph {
  const family = familyOf(config)
  const graph = createGraph(`${family.name}_ternary`)
  const tokens = graph.input('tokens', 'int32', [B, T])
  const rows = graph.input('rows', 'int32', [R])
  const own = family.task === 'causal' ? causalInputs(graph, tokens) : encoderInputs(graph)
  const port = openPort(graph, { config, weights, activations, tokens, ...own })
  const body = family.body(port, config)
  if (family.task === 'encoder') graph.output('hidden', body)
  const asked = gather(reshape(body, [productOf(B, T), config.width]), rows)
  graph.output('logits', family.head(port, config, asked))
  return graph
}

type OwnInputs = Pick<OpenInputs, 'position' | 'types' | 'mix'>

function encoderInputs(graph: Graph): OwnInputs {
  const mask = graph.input('mask', 'float32', [B, T])
  const seen = once(() => maskLogits(mask, false))
  const types = graph.input('types', 'int32', [B, T])
  return { position: undefined, types, mix: (spec, q, k, v) => attend(spec, q, k, v, seen()) }
}

function causalInputs(graph: Graph, tokens: Value): OwnInputs {
  const position = graph.input('position', 'int32', [B, T])
  const mask = graph.input('mask', 'float32', [P])
  const causal = once(() => {
    const isSeen = lessOrEqual(range(tokens, 0, T), reshape(range(tokens, 0, T), [T, 1]))
    return where(isSeen, scalar(tokens, 0), scalar(tokens, MASKED)) // [T, T]
  })
  const mix = ({ layer, heads: H, keyHeads: K, headWidth: D }: AttentionSpec, q: Value, k: Value, v: Value): Value => {
    graph.output(keysOf(layer), k)
    graph.output(valuesOf(layer), v)
    const keys = graph.input(cachedKeysOf(layer), 'float32', [K, D, P])
    const values = graph.input(cachedValuesOf(layer), 'float32', [K, P, D])
    const G = H / K
    const grouped = (x: Value) => (G === 1 ? x : reshape(x, [B, K, `${G} * ${T}`, x.shape[3]]))
    const ungrouped = (x: Value) => (G === 1 ? x : reshape(x, [B, H, T, x.shape[3]]))
    const scaled = mul(grouped(q), scalar(q, 1 / Math.sqrt(D))) // [B, K, G T, D]
    const ofOwn = add(ungrouped(matMul(scaled, transpose(k, [0, 1, 3, 2]))), causal()) // [B, H, T, T]
    const ofPast = add(ungrouped(matMul(scaled, keys)), mask) // [B, H, T, P]
    const shares = softmax(concat([ofOwn, ofPast], 3))
    const own = matMul(grouped(slice(shares, 3, 0, T)), v)
    const past = matMul(grouped(slice(shares, 3, T, `${T} + ${P}`)), values)
    return ungrouped(add(own, past))
  }
  return { position, types: undefined, mix }
}
