/** Small models of every family, with random weights, and a dense network of any family to hold others against. */
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BertConfig } from '../../src/families/bert/config.js'
import type { BaseConfig } from '../../src/families/config.js'
import { familyOf, parametersOf } from '../../src/families/family.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import { createTextPort } from '../../src/families/text-graph.js'
import type { ModelWeights } from '../../src/families/weights.js'
import { createGraph, encodeModel, float32, int32, type Tensor, type Value } from '../../src/graph/index.js'
import { normal } from '../../src/random/index.js'

export const smallGpt2: Gpt2Config = {
  layers: 2,
  width: 6,
  heads: 3,
  inner: 10,
  positions: 8,
  vocabulary: 300,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: false,
}
export const smallLlama: LlamaConfig = {
  family: 'llama',
  layers: 2,
  width: 6,
  heads: 4,
  keyHeads: 2,
  headWidth: 4,
  inner: 10,
  positions: 8,
  vocabulary: 9,
  activation: 'silu',
  normEpsilon: 1e-5,
  ropeTheta: 10000,
  inputBias: false,
  outputBias: false,
  feedForwardBias: false,
  tiedHead: true,
}
export const smallBert: BertConfig = {
  family: 'bert',
  layers: 2,
  width: 6,
  heads: 2,
  inner: 10,
  positions: 8,
  vocabulary: 140,
  types: 2,
  activation: 'gelu',
  layerNormEpsilon: 1e-12,
}

/** Weights of all parameters: matrices, biases and shifts normal, gains about 1. */
export function randomWeights(config: BaseConfig, seed = 1): ModelWeights {
  return new Map(
    parametersOf(config).map(({ name, kind, shape }, stream) => {
      const count = shape.reduce((product, size) => product * size, 1)
      const values = normal(seed, stream, count)
      const data = Float32Array.from(values, (value) => (kind === 'gain' ? 1 + 0.3 * value : 0.4 * value))
      return [name, { shape, data }]
    }),
  )
}

/** What a dense network of the weights computes of tokens [B, T]: logits, or an encoder's hidden states. */
export async function denseResult(
  config: BaseConfig,
  weights: ModelWeights,
  tokens: Int32Array,
  [batch, length]: readonly [number, number],
  { mask, types }: { mask?: Int32Array; types?: Int32Array } = {},
): Promise<Float32Array> {
  const family = familyOf(config)
  const graph = createGraph('dense')
  const inputs = new Map<string, Value>()
  for (const [name, { shape }] of weights) inputs.set(name, graph.input(name, 'float32', shape))
  const feeds: Record<string, Tensor> = { tokens: int32([batch * length], tokens) }
  for (const [name, { shape, data }] of weights) feeds[name] = float32(shape, data)
  if (types) feeds.types = int32([batch * length], types)
  if (mask) feeds.mask = float32([batch, length], Float32Array.from(mask))
  const port = createTextPort({
    batch,
    length,
    width: config.width,
    causal: family.task === 'causal',
    tokens: graph.input('tokens', 'int32', [batch * length]),
    types: types && graph.input('types', 'int32', [batch * length]),
    mask: mask && graph.input('mask', 'float32', [batch, length]),
    weight: (name) => inputs.get(name),
  })
  const body = family.body(port, config)
  graph.output('y', family.task === 'causal' ? family.head(port, config, body) : body)
  const session = await createGraphRunner().load(encodeModel(graph))
  try {
    return (await session.run(feeds)).y.data as Float32Array
  } finally {
    await session.release()
  }
}
