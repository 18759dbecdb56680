import {
  add,
  createGraph,
  type Graph,
  gatherElements,
  log,
  neg,
  reduceMean,
  reshape,
  scalar,
  softmax,
  type Value,
} from '../../graph/index.js'
import type { Gpt2Config } from './config.js'
import { block, embed, layerNorm, unembed } from './layers.js'
import { LEAST_PROBABILITY } from './loss.js'
import { gpt2TensorShapes } from './weights.js'

/**
 * The loss of any dense GPT-2, biases and all: inputs `tokens` and `targets` [B, T] (int32) and every weight under its
 * Hugging Face name (float32); output `loss`, the mean cross-entropy in nats, a scalar.
 */
export function gpt2DenseLossGraph(config: Gpt2Config, batch: number, length: number): Graph {
  const { graph, logLikelihood } = forward(config, batch, length)
  graph.output('loss', neg(reduceMean(logLikelihood, [0, 1], false)))
  return graph
}

/** The same inputs; output `nats` [B T, 1], the cross-entropy of each target by itself, window after window. */
export function gpt2DenseTokenLossGraph(config: Gpt2Config, batch: number, length: number): Graph {
  const { graph, logLikelihood } = forward(config, batch, length)
  graph.output('nats', neg(logLikelihood))
  return graph
}

function forward(config: Gpt2Config, batch: number, length: number): { graph: Graph; logLikelihood: Value } {
  const graph = createGraph('gpt2_dense_loss')
  const tokens = graph.input('tokens', 'int32', [batch, length])
  const targets = reshape(graph.input('targets', 'int32', [batch, length]), [batch * length, 1])
  const values = new Map<string, Value>()
  for (const [name, shape] of gpt2TensorShapes(config)) values.set(name, graph.input(name, 'float32', shape))
  const weight = (name: string) => values.get(name)!

  let x = embed(weight, tokens) // [B, T, d]
  for (let layer = 0; layer < config.layers; layer++) x = block(config, weight, layer, x)
  const logits = unembed(config, weight, layerNorm(config, weight, 'transformer.ln_f', x)) // [B, T, V]
  const probabilities = softmax(reshape(logits, [batch * length, config.vocabulary]))
  const likelihood = add(gatherElements(probabilities, targets, 1), scalar(x, LEAST_PROBABILITY)) // [B T, 1]
  return { graph, logLikelihood: log(likelihood) }
}
