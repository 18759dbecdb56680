/**
 * GPT-2 as one ONNX graph with a cache of keys and values, in the layout that transformers.js and Hugging Face's Optimum use.
 * Dimensions: B sequences, T new tokens each, P tokens before them, S = P + T; width d, H heads of width D, vocabulary V.
 */
import { type Gpt2Config, headWidth } from '../families/gpt2/config.js'
import type { Gpt2Weights, WeightTensor } from '../families/gpt2/weights.js'
import { createOnnxBuilder, type OnnxBuilder } from './onnx-builder.js'
import { floatInitializer, onnxFile } from './onnx-file.js'
import type { OutputFile } from './output-file.js'
import { type Bits, quantisedProduct } from './quantised-product.js'

/** LayerNormalization came with operator set 17; every ONNX Runtime since 1.12 runs it. */
const versions = { opset: 17, irVersion: 8 }

/** What a masked logit is: finite, so that a row of padding alone stays a number. */
const MASKED = -3.4028234663852886e38

/** How the graph is written. */
export interface OnnxGpt2Options {
  /** Bits a weight of the linear maps (and of an untied head), by MatMulNBits; float32 when absent. */
  readonly bits?: Bits | undefined
}

/**
 * The ONNX file. Inputs, int64: `input_ids` and `position_ids` [B, T], `attention_mask` [B, S] (0 where there is padding);
 * float32: `past_key_values.N.key` and `.value` [B, H, P, D] for each block N. Outputs, float32: `logits` [B, T, V],
 * `present.N.key` and `.value` [B, H, S, D]. P may be 0.
 * @param weights under Hugging Face names
 * @throws RangeError when the file would be of 2 GiB or more
 */
export function gpt2OnnxFile(
  path: string,
  config: Gpt2Config,
  weights: Gpt2Weights,
  options: OnnxGpt2Options = {},
): OutputFile {
  const graph = createOnnxBuilder('gpt2', versions)
  const parts = createParts(graph, config, weights, options)
  const tokens = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length'])
  const positions = graph.input('position_ids', 'int64', ['batch_size', 'sequence_length'])
  const bias = attentionBias(graph, tokens, mask)
  let x = graph.node('Add', [
    graph.node('Gather', [parts.weight('transformer.wte.weight'), tokens]),
    graph.node('Gather', [parts.weight('transformer.wpe.weight'), positions]),
  ]) // [B, T, d]
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `transformer.h.${layer}`
    x = graph.node('Add', [x, attention(graph, config, parts, layer, parts.norm(`${name}.ln_1`, x), bias)])
    const hidden = parts.linear(`${name}.mlp.c_fc`, parts.norm(`${name}.ln_2`, x))
    x = graph.node('Add', [x, parts.linear(`${name}.mlp.c_proj`, activation(graph, config, hidden))])
  }
  parts.head(parts.norm('transformer.ln_f', x))
  graph.output('logits', 'float32', ['batch_size', 'sequence_length', config.vocabulary])
  for (let layer = 0; layer < config.layers; layer++) {
    for (const part of ['key', 'value'] as const) {
      graph.output(present(layer, part), 'float32', cacheDims(config, 'total_sequence_length'))
    }
  }
  const { model, initializers } = graph.finish()
  return onnxFile(path, model, initializers)
}

const past = (layer: number, part: 'key' | 'value') => `past_key_values.${layer}.${part}`
const present = (layer: number, part: 'key' | 'value') => `present.${layer}.${part}`
const cacheDims = (config: Gpt2Config, length: string) => ['batch_size', config.heads, length, headWidth(config)]

/** 0 where a query may look: at tokens that are no padding, up to its own place; MASKED elsewhere. [B, 1, T, S] */
function attentionBias(graph: OnnxBuilder, tokens: string, mask: string): string {
  const lengthOf = (value: string) => {
    const shape = graph.node('Shape', [value])
    return graph.node('Squeeze', [
      graph.node('Slice', [shape, graph.integers(1), graph.integers(2)]),
      graph.integers(0),
    ])
  }
  const [T, S] = [lengthOf(tokens), lengthOf(mask)]
  const number = (value: number) => graph.node('Squeeze', [graph.integers(value), graph.integers(0)])
  const [zero, one] = [number(0), number(1)]
  const keys = graph.node('Range', [zero, S, one]) // [S]
  const queries = graph.node('Unsqueeze', [graph.node('Range', [graph.node('Sub', [S, T]), S, one]), graph.integers(1)])
  const before = graph.node('LessOrEqual', [keys, queries]) // [T, S]
  const isToken = graph.node('Greater', [graph.node('Unsqueeze', [mask, graph.integers(1, 2)]), zero]) // [B, 1, 1, S]
  return graph.node('Where', [graph.node('And', [before, isToken]), graph.scalar(0), graph.scalar(MASKED)])
}

/** [B, T, d] -> [B, T, d]; the keys and values of all S tokens become outputs of the graph. */
function attention(
  graph: OnnxBuilder,
  config: Gpt2Config,
  parts: Parts,
  layer: number,
  x: string,
  bias: string,
): string {
  const { width: d, heads: H } = config
  const D = headWidth(config)
  const name = `transformer.h.${layer}.attn`
  const qkv = graph.split('Split', [parts.linear(`${name}.c_attn`, x), graph.integers(d, d, d)], { axis: 2 }, 3)
  const [q, k, v] = qkv.map((part) => {
    const heads = graph.node('Reshape', [part, graph.integers(0, 0, H, D)])
    return graph.node('Transpose', [heads], { perm: [0, 2, 1, 3] }) // [B, H, T, D]
  })
  const joined = (part: 'key' | 'value', own: string) => {
    const cached = graph.input(past(layer, part), 'float32', cacheDims(config, 'past_sequence_length'))
    return graph.node('Concat', [cached, own], { axis: 2 }, present(layer, part)) // [B, H, S, D]
  }
  const [keys, values] = [joined('key', k), joined('value', v)]
  const products = graph.node('MatMul', [q, graph.node('Transpose', [keys], { perm: [0, 1, 3, 2] })]) // [B, H, T, S]
  const logits = graph.node('Add', [graph.node('Mul', [products, graph.scalar(1 / Math.sqrt(D))]), bias])
  const mixed = graph.node('MatMul', [graph.node('Softmax', [logits], { axis: 3 }), values]) // [B, H, T, D]
  const y = graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), graph.integers(0, 0, d)])
  return parts.linear(`${name}.c_proj`, y)
}

/** The activation by operators of set 17; ONNX Runtime joins them into one. */
function activation(graph: OnnxBuilder, { activation: kind }: Gpt2Config, x: string): string {
  if (kind === 'relu') return graph.node('Relu', [x])
  const mul = (a: string, b: string) => graph.node('Mul', [a, b])
  const half = graph.scalar(0.5)
  const one = graph.scalar(1)
  if (kind === 'gelu') {
    const error = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])])
    return mul(mul(x, graph.node('Add', [error, one])), half)
  }
  const cube = graph.node('Pow', [x, graph.scalar(3)])
  const inner = graph.node('Add', [x, mul(cube, graph.scalar(0.044715))])
  const tanh = graph.node('Tanh', [mul(inner, graph.scalar(Math.sqrt(2 / Math.PI)))])
  return mul(mul(x, half), graph.node('Add', [tanh, one]))
}

interface Parts {
  /** A weight as it is. */
  weight(name: string): string
  norm(name: string, x: string): string
  /** x W + bias. */
  linear(name: string, x: string): string
  /** [B, T, d] -> the output `logits`. */
  head(x: string): string
}

function createParts(graph: OnnxBuilder, config: Gpt2Config, weights: Gpt2Weights, { bits }: OnnxGpt2Options): Parts {
  const tensor = (name: string): WeightTensor => weights.get(name)!
  const weight = (name: string) => graph.initializer(floatInitializer(name, tensor(name).shape, tensor(name).data))
  return {
    weight,
    norm: (name, x) =>
      graph.node('LayerNormalization', [x, weight(`${name}.weight`), weight(`${name}.bias`)], {
        axis: -1,
        epsilon: { float: config.layerNormEpsilon },
      }),
    linear(name, x) {
      const { shape, data } = tensor(`${name}.weight`)
      const product = bits
        ? quantisedProduct(
            graph,
            `${name}.weight`,
            x,
            { data, inputs: shape[0], outputs: shape[1], stored: 'in-out' },
            bits,
          )
        : graph.node('MatMul', [x, weight(`${name}.weight`)])
      const isZero = tensor(`${name}.bias`).data.every((value) => value === 0)
      return isZero ? product : graph.node('Add', [product, weight(`${name}.bias`)])
    },
    head(x) {
      const name = config.tiedHead ? 'transformer.wte.weight' : 'lm_head.weight'
      if (bits && !config.tiedHead) {
        const { shape, data } = tensor(name)
        const map = { data, inputs: shape[1], outputs: shape[0], stored: 'out-in' } as const
        return quantisedProduct(graph, name, x, map, bits, 'logits')
      }
      return graph.node('MatMul', [x, graph.node('Transpose', [weight(name)], { perm: [1, 0] })], {}, 'logits')
    },
  }
}
