/** Small models of every family, with random weights. */
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BertConfig } from '../../src/families/bert/config.js'
import type { BaseConfig } from '../../src/families/config.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { familyOf, parametersOf } from '../../src/families/family.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import type { EncoderInputs } from '../../src/families/language-model.js'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import type { ModelWeights } from '../../src/families/weights.js'
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
  inputs: EncoderInputs = {},
): Promise<Float32Array> {
  const model = createDenseModel(createGraphRunner(), config, weights)
  try {
    if (familyOf(config).task === 'encoder') return await model.hidden(tokens, batch, length, inputs)
    return await model.logits(tokens, batch, length)
  } finally {
    await model.release()
  }
}
