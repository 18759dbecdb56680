/**
 * A dense model as one graph whose lengths stay open: what is exported. Dimensions: B sequences of T new tokens, P tokens before them, S = P + T;
 * width d, H query heads and K key heads of width D, vocabulary V.
 */
import {
  add,
  and,
  cast,
  concat,
  cos,
  createGraph,
  erf,
  type Graph,
  gather,
  lessOrEqual,
  matMul,
  mul,
  range,
  relu,
  reshape,
  scalar,
  silu,
  sin,
  slice,
  softmax,
  split,
  tanh,
  transpose,
  type Value,
  where,
} from '../graph/index.js'
import type { Activation, BaseConfig } from './config.js'
import { familyOf } from './family.js'
import { normalise } from './norm-graph.js'
import { biasOf, gainOf, shiftOf } from './parameter.js'
import type { AttentionSpec, EmbeddingPart, Port } from './port.js'
import { frequenciesOf, rotate } from './rotary.js'
import { type Activations, type TernaryValue, ternaryProduct, ternaryValue, unpackRows } from './ternary-graph.js'
import { isTernary, type TernaryMatrix } from './ternary-matrix.js'
import type { WeightTensor } from './weights.js'

export const B = 'batch_size'
export const T = 'sequence_length'
export const P = 'past_sequence_length'
const S = `${P} + ${T}`

/** What a masked logit is: finite, so that a row of padding alone stays a number. */
export const MASKED = -3.4028234663852886e38

/**
 * The graph in the layout that transformers.js and Hugging Face's Optimum use, of operators that ONNX's operator set 18 has. The weights are
 * inputs, under their names.
 * - A causal model reads `input_ids` and `position_ids` [B, T], `attention_mask` [B, S] (int64; 0 where there is padding), and for each block N
 *   `past_key_values.N.key` and `.value` [B, K, P, D] (float32; P may be 0). It gives `logits` [B, T, V], `present.N.key` and `.value`
 *   [B, K, S, D]; where positions are rotary, keys are turned.
 * - An encoder reads `input_ids`, `attention_mask` and `token_type_ids` [B, T] and gives `last_hidden_state` [B, T, d].
 * @param weights those of `joinedWeights`; ternary matrices become constants of the graph
 */
export function openGraph(config: BaseConfig, weights: OpenWeights): Graph {
  const family = familyOf(config)
  const graph = createGraph(family.name)
  const isCausal = family.task === 'causal'
  const tokens = graph.input('input_ids', 'int64', [B, T])
  const mask = graph.input('attention_mask', 'int64', [B, isCausal ? S : T])
  const position = isCausal ? graph.input('position_ids', 'int64', [B, T]) : undefined
  const types = isCausal ? undefined : graph.input('token_type_ids', 'int64', [B, T])
  const seen = once(() => maskLogits(mask, isCausal))
  const port = openPort(graph, {
    config,
    weights,
    tokens,
    position,
    types,
    mix(spec, q, k, v) {
      if (!isCausal) return attend(spec, q, k, v, seen())
      const keys = withPast(graph, `${spec.layer}.key`, k)
      return attend(spec, q, keys, withPast(graph, `${spec.layer}.value`, v), seen())
    },
  })
  const body = family.body(port, config)
  if (isCausal) graph.output('logits', family.head(port, config, body))
  else graph.output('last_hidden_state', body)
  return graph
}

/** Shapes of float32 weights, which the graph reads as inputs, and ternary matrices, which it holds. */
export type OpenWeights = ReadonlyMap<string, Pick<WeightTensor, 'shape'> | TernaryMatrix>

/** What a forward pass of open lengths is made of. */
export interface OpenInputs {
  readonly config: BaseConfig
  readonly weights: OpenWeights
  /** Default: `float32`. Only products with ternary matrices take another. */
  readonly activations?: Activations | undefined
  /** [B, T] */
  readonly tokens: Value
  /** [B, T] of a causal model; the positions of others are 0 to T - 1. */
  readonly position: Value | undefined
  /** [B, T]; row 0 of a table of types without it. */
  readonly types: Value | undefined
  /** Attention of queries [B, H, T, D] over keys and values [B, K, T, D], turned where positions are rotary: [B, H, T, D]. */
  mix(spec: AttentionSpec, q: Value, k: Value, v: Value): Value
}

/** The port of texts of open lengths: activations are [B, T, d]. */
export function openPort(graph: Graph, inputs: OpenInputs): Port<Value> {
  const { config, weights, activations = 'float32', tokens, position, types, mix } = inputs
  const declared = new Map<string, Value>()
  const held = new Map<string, TernaryValue>()
  const weight = (name: string): Value | undefined => {
    const shape = weights.get(name)?.shape
    if (shape === undefined) return undefined
    const value = declared.get(name) ?? graph.input(name, 'float32', shape)
    declared.set(name, value)
    return value
  }
  const ternary = (name: string): TernaryValue | undefined => {
    const matrix = weights.get(name)
    if (!isTernary(matrix)) return undefined
    const value = held.get(name) ?? ternaryValue(graph, matrix)
    held.set(name, value)
    return value
  }
  const ones = (width: number) =>
    graph.constant({ dtype: 'float32', dims: [width], data: new Float32Array(width).fill(1) })
  const turns = new Map<string, { cos: Value; sin: Value }>()
  const turnOf = (theta: number, width: number) => {
    const key = `${theta} ${width}`
    const made = turns.get(key) ?? turn(position!, theta, width)
    turns.set(key, made)
    return made
  }
  const rowsOf = (table: Value, index: EmbeddingPart['index']): Value => {
    if (index === 'tokens') return gather(table, tokens)
    if (index === 'types') return types ? gather(table, types) : slice(table, 0, 0, 1)
    return position ? gather(table, position) : slice(table, 0, 0, T)
  }
  const lookUp = ({ table, index }: EmbeddingPart): Value => {
    const small = ternary(table)
    return small ? unpackRows(rowsOf(small.codes, index), small) : rowsOf(weight(table)!, index)
  }
  const linear = (name: string, x: Value): Value => {
    const small = ternary(name)
    const product = small ? ternaryProduct(x, small, activations) : matMul(x, weight(name)!)
    const bias = weight(biasOf(name))
    return bias ? add(product, bias) : product
  }
  /** [B, T, h D] -> [B, h, T, D] */
  const heads = (x: Value, count: number, D: number) => transpose(reshape(x, [B, T, count, D]), [0, 2, 1, 3])

  return {
    embed: (parts) => parts.map(lookUp).reduce(add),
    norm(spec, x) {
      const gain = weight(gainOf(spec.name)) ?? (spec.kind === 'layer' ? ones(config.width) : undefined)
      return normalise(spec, x, gain, weight(shiftOf(spec.name)))
    },
    linear,
    attention(spec, x) {
      const { heads: H, keyHeads: K, headWidth: D, name } = spec
      const qkv = split(linear(`${name}.qkv`, x), 2, [H * D, K * D, K * D])
      let [q, k, v] = qkv.map((part, i) => heads(part, i === 0 ? H : K, D))
      if (spec.rotary) {
        const angles = turnOf(spec.rotary.theta, D)
        ;[q, k] = [rotate(q, angles), rotate(k, angles)]
      }
      return linear(spec.output, reshape(transpose(mix(spec, q, k, v), [0, 2, 1, 3]), [B, T, H * D]))
    },
    activate,
    add,
    multiply: mul,
    unembed(name, x) {
      const small = ternary(name)
      return small ? ternaryProduct(x, small, activations) : matMul(x, transpose(weight(name)!, [1, 0]))
    },
    see: (_, value) => value,
  }
}

/** The keys or values [B, K, S, D] of all tokens: those of the cache, then these. They are an output. */
function withPast(graph: Graph, name: string, own: Value): Value {
  const [, K, , D] = own.shape
  const past = graph.input(`past_key_values.${name}`, 'float32', [B, K, P, D])
  return graph.output(`present.${name}`, concat([past, own], 2))
}

/** softmax(q k' / sqrt D under the mask) v, [B, H, T, D]. The G query heads of a key head stand under each other as G T queries. */
export function attend(
  { heads: H, keyHeads: K, headWidth: D }: AttentionSpec,
  q: Value,
  k: Value,
  v: Value,
  mask: Value,
) {
  const G = H / K
  const length = k.shape[2]
  const grouped = (x: Value, width: typeof length) => (G === 1 ? x : reshape(x, [B, K, `${G} * ${T}`, width]))
  const ungrouped = (x: Value, width: typeof length) => (G === 1 ? x : reshape(x, [B, H, T, width]))
  const products = ungrouped(matMul(grouped(q, D), transpose(k, [0, 1, 3, 2])), length) // [B, H, T, S]
  const logits = add(mul(products, scalar(q, 1 / Math.sqrt(D))), mask)
  return ungrouped(matMul(grouped(softmax(logits), length), v), D)
}

/** 0 where a query may look (at tokens that are no padding and, of a causal model, not after its own), MASKED elsewhere. */
export function maskLogits(mask: Value, isCausal: boolean): Value {
  const isToken = cast(reshape(mask, [B, 1, 1, mask.shape[1]]), 'bool')
  const queries = () => reshape(range(mask, P, S), [T, 1])
  const isSeen = isCausal ? and(lessOrEqual(range(mask, 0, S), queries()), isToken) : isToken // [B, 1, T or 1, S]
  return where(isSeen, scalar(mask, 0), scalar(mask, MASKED))
}

/** Cosines and sines of the angles of every position, [B, 1, T, D / 2]. */
function turn(position: Value, theta: number, width: number): { cos: Value; sin: Value } {
  const frequencies = position.graph.constant({
    dtype: 'float32',
    dims: [width / 2],
    data: frequenciesOf(width, theta),
  })
  const angles = mul(reshape(cast(position, 'float32'), [B, 1, T, 1]), frequencies)
  return { cos: cos(angles), sin: sin(angles) }
}

/** Activations of plain operators: Gelu came with operator set 20. ONNX Runtime joins them into one. */
function activate(activation: Activation, x: Value): Value {
  const number = (value: number) => scalar(x, value)
  switch (activation) {
    case 'relu':
      return relu(x)
    case 'silu':
      return silu(x)
    case 'quick_gelu':
      return mul(silu(mul(x, number(1.702))), number(1 / 1.702))
    case 'gelu':
      return mul(mul(x, add(erf(mul(x, number(Math.SQRT1_2))), number(1))), number(0.5))
    case 'gelu_new': {
      const inner = add(x, mul(mul(mul(x, x), x), number(0.044715)))
      return mul(mul(x, number(0.5)), add(tanh(mul(inner, number(Math.sqrt(2 / Math.PI)))), number(1)))
    }
  }
}

export function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
