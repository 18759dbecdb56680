import {
  createGraph,
  createSessionCache,
  float32,
  type Graph,
  type GraphRunner,
  softmax,
  type Tensor,
  type Value,
} from '../../graph/index.js'
import { type LanguageModel, tokenTensor } from '../language-model.js'
import { checkGpt2Config, type Gpt2Config } from './config.js'
import { block, embed, layerNorm, type Observe, unembed } from './layers.js'
import { checkWeights, type Gpt2Weights, gpt2TensorShapes } from './weights.js'

/** A dense GPT-2, ready to run. */
export interface Gpt2 extends LanguageModel {
  readonly weights: Gpt2Weights
  /**
   * Every intermediate tensor of one forward pass: `tok_emb`, `pos_emb`, `x`; for each block N `h.N.` followed by `ln1`,
   * `qkv`, `q`, `k`, `v`, `att` (masked logits), `attSm`, `y`, `yProj`, `attnResid`, `ln2`, `fc`, `gelu`, `mlp`,
   * `mlpResid`; then `ln_f`, `lm_head` and `probs`. Arguments as for `logits`.
   */
  trace(tokens: Int32Array, batch: number, length: number): Promise<Record<string, Tensor>>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * A GPT-2 as one ONNX graph for each batch and length that it meets; the weights are fed as inputs.
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createGpt2(runner: GraphRunner, config: Gpt2Config, weights: Gpt2Weights): Gpt2 {
  checkGpt2Config(config)
  checkWeights(weights, gpt2TensorShapes(config))
  const sessions = createSessionCache(runner)
  const weightFeeds: Record<string, Tensor> = {}
  for (const [name, shape] of gpt2TensorShapes(config)) weightFeeds[name] = float32(shape, weights.get(name)!.data)

  const run = async (tokens: Int32Array, batch: number, length: number, traced: boolean) => {
    const feeds = { ...weightFeeds, tokens: tokenTensor(config, tokens, batch, length) }
    const key = `${batch} x ${length}${traced ? ' traced' : ''}`
    const session = await sessions.get(key, () => gpt2Graph(config, batch, length, traced))
    return session.run(feeds)
  }
  return {
    config,
    weights,
    async logits(tokens, batch, length) {
      const { lm_head } = await run(tokens, batch, length, false)
      return lm_head.data as Float32Array
    },
    trace: (tokens, batch, length) => run(tokens, batch, length, true),
    release: () => sessions.release(),
  }
}

/**
 * The forward graph: inputs `tokens` [B, T] (int32) and every weight under its Hugging Face name, output `lm_head`
 * [B, T, V], or every intermediate value when traced.
 */
export function gpt2Graph(config: Gpt2Config, batch: number, length: number, traced = false): Graph {
  const graph = createGraph('gpt2')
  const values = new Map<string, Value>()
  for (const [name, shape] of gpt2TensorShapes(config)) values.set(name, graph.input(name, 'float32', shape))
  const weight = (name: string) => values.get(name)!
  const observe: Observe = (name, value) => (traced ? graph.output(name, value) : value)

  let x = embed(weight, graph.input('tokens', 'int32', [batch, length]), observe) // [B, T, d]
  for (let layer = 0; layer < config.layers; layer++) x = block(config, weight, layer, x, observe)
  const final = observe('ln_f', layerNorm(config, weight, 'transformer.ln_f', x))
  const logits = graph.output('lm_head', unembed(config, weight, final)) // [B, T, V]
  if (traced) observe('probs', softmax(logits))
  return graph
}
