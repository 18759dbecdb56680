/**
 * GPT-2 (Radford et al. 2019) as functions on the graph builder.
 * Dimensions: B sequences, T tokens each, width d, H heads of width d/H, inner feed-forward width F, vocabulary V.
 */
import {
  add,
  concat,
  gather,
  gelu,
  layerNormalization,
  matMul,
  mul,
  numericShape,
  relu,
  reshape,
  scalar,
  slice,
  softmax,
  split,
  transpose,
  type Value,
} from '../../graph/index.js'
import { type Gpt2Config, headWidth } from './config.js'

/** A weight's value in the graph, by its Hugging Face name. */
export type WeightLookup = (name: string) => Value

/** Called with every intermediate value that a trace shows. */
export type Observe = (name: string, value: Value) => Value

/** Token plus position embeddings: tokens [B, T] (int32) -> [B, T, d]. */
export function embed(weight: WeightLookup, tokens: Value, observe: Observe = ignore): Value {
  const length = tokens.shape[1]
  const token = observe('tok_emb', gather(weight('transformer.wte.weight'), tokens)) // [B, T, d]
  const position = observe('pos_emb', slice(weight('transformer.wpe.weight'), 0, 0, length)) // [T, d]
  return observe('x', add(token, position))
}

/** LayerNorm with gain and bias over the last dimension. */
export const layerNorm = (config: Gpt2Config, weight: WeightLookup, name: string, x: Value): Value =>
  layerNormalization(x, weight(`${name}.weight`), weight(`${name}.bias`), config.layerNormEpsilon)

/** x W + bias: [B, T, in] -> [B, T, out]. */
export const linear = (weight: WeightLookup, name: string, x: Value): Value =>
  add(matMul(x, weight(`${name}.weight`)), weight(`${name}.bias`))

/** 0 where a query may look (itself and before), -Infinity elsewhere: [T, T], rows are queries. */
export function causalMask(like: Value, length: number): Value {
  const data = new Float32Array(length * length).fill(Number.NEGATIVE_INFINITY)
  for (let query = 0; query < length; query++) data.fill(0, query * length, query * length + query + 1)
  return like.graph.constant({ dtype: 'float32', dims: [length, length], data })
}

/** Causal multi-head attention with biases: [B, T, d] -> [B, T, d]. `name` is `transformer.h.N.attn`. */
export function attention(
  config: Gpt2Config,
  weight: WeightLookup,
  name: string,
  x: Value,
  observe: Observe = ignore,
): Value {
  const { width: d, heads: H } = config
  const [B, T] = x.shape
  const qkv = observe('qkv', linear(weight, `${name}.c_attn`, x)) // [B, T, 3d]
  const [q, k, v] = split(qkv, 2, [d, d, d]).map((part, i) =>
    observe('qkv'[i], transpose(reshape(part, [B, T, H, headWidth(config)]), [0, 2, 1, 3])),
  ) // [B, H, T, d/H] each
  const products = matMul(q, transpose(k, [0, 1, 3, 2])) // [B, H, T, T]
  const scaled = mul(products, scalar(x, 1 / Math.sqrt(headWidth(config))))
  const logits = observe('att', add(scaled, causalMask(x, numericShape('causal mask:', [T])[0])))
  const probabilities = observe('attSm', softmax(logits))
  const mixed = transpose(matMul(probabilities, v), [0, 2, 1, 3]) // [B, T, H, d/H]
  const y = observe('y', reshape(mixed, [B, T, d]))
  return observe('yProj', linear(weight, `${name}.c_proj`, y))
}

/** The configuration's activation, element by element. */
export function activate(config: Gpt2Config, x: Value): Value {
  if (config.activation === 'relu') return relu(x)
  return gelu(x, config.activation === 'gelu' ? 'none' : 'tanh')
}

/** Feed-forward layer: [B, T, d] -> [B, T, F] -> [B, T, d]. `name` is `transformer.h.N.mlp`. */
export function feedForward(
  config: Gpt2Config,
  weight: WeightLookup,
  name: string,
  x: Value,
  observe: Observe = ignore,
): Value {
  const hidden = observe('fc', linear(weight, `${name}.c_fc`, x))
  const activated = observe('gelu', activate(config, hidden))
  return observe('mlp', linear(weight, `${name}.c_proj`, activated))
}

/** One block: x + attention(LayerNorm(x)), then the same with the feed-forward layer. */
export function block(
  config: Gpt2Config,
  weight: WeightLookup,
  layer: number,
  x: Value,
  observe: Observe = ignore,
): Value {
  const name = `transformer.h.${layer}`
  const see: Observe = (key, value) => observe(`h.${layer}.${key}`, value)
  const ln1 = see('ln1', layerNorm(config, weight, `${name}.ln_1`, x))
  const attended = see('attnResid', add(x, attention(config, weight, `${name}.attn`, ln1, see)))
  const ln2 = see('ln2', layerNorm(config, weight, `${name}.ln_2`, attended))
  return see('mlpResid', add(attended, feedForward(config, weight, `${name}.mlp`, ln2, see)))
}

/** Logits of the next token: [B, T, d] -> [B, T, V], by the embedding when tied, by `lm_head.weight` [V, d] otherwise. */
export function unembed(config: Gpt2Config, weight: WeightLookup, x: Value): Value {
  const head = weight(config.tiedHead ? 'transformer.wte.weight' : 'lm_head.weight')
  return matMul(x, transpose(head, [1, 0]))
}

/** x with a 1 after its last coordinate: [B, T, d] -> [B, T, d + 1]. A bias is a weight on that constant input. */
export function appendOne(x: Value): Value {
  const dims = numericShape('appendOne:', x.shape).with(-1, 1)
  const ones = new Float32Array(dims.reduce((product, length) => product * length)).fill(1)
  return concat([x, x.graph.constant({ dtype: 'float32', dims, data: ones })], -1)
}

const ignore: Observe = (_name, value) => value
