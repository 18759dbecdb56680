/**
 * The pieces that a pruned GPT-2 is run in, each a small graph. Dimensions as in `gpt2-layers.ts`; a pair is first
 * [d1, n] and second [n, d2], applied one after the other at the full source width n and never merged.
 */
import { add, createGraph, div, type Graph, matMul, softmax, transpose, type Value } from '../../graph/index.js'
import type { Gpt2Config } from './config.js'
import { activate, appendOne, causalMask, embed, layerNorm, unembed, type WeightLookup } from './layers.js'
import { gpt2DenseShapes } from './weights.js'

/** The sizes of a pair: inputs d1 (the width, or one more with the constant coordinate), hidden n, outputs d2. */
export interface PairSizes {
  readonly inputs: number
  readonly hidden: number
  readonly outputs: number
}

/** `tokens` [B, T] and the embeddings -> `y` [B, T, d]. */
export function embedPiece(config: Gpt2Config, batch: number, length: number): Graph {
  const graph = createGraph('embed')
  graph.output('y', embed(denseInputs(config, graph), graph.input('tokens', 'int32', [batch, length])))
  return graph
}

/** `x` [B, T, d], `norm.weight` and `norm.bias` [d] -> `y` [B, T, d]. */
export function normPiece(config: Gpt2Config, batch: number, length: number): Graph {
  const graph = createGraph('layer_norm')
  const weight: WeightLookup = (name) => graph.input(name, 'float32', [config.width])
  graph.output('y', layerNorm(config, weight, 'norm', graph.input('x', 'float32', [batch, length, config.width])))
  return graph
}

/** `x` [B, T, d] -> `y` [B, T, T]: softmax((x~ W_Q)(x~ W_K)' / divisor) under the causal mask, W_K' being `second`. */
export function queryKeyPiece(config: Gpt2Config, batch: number, length: number, pair: PairSizes): Graph {
  const graph = createGraph('query_key')
  const { x, first, second, divisor } = pairInputs(graph, [batch, length, config.width], pair)
  const queries = matMul(x, first) // [B, T, n]
  const keys = matMul(second, transpose(x, [0, 2, 1])) // [B, n, T]
  const logits = div(matMul(queries, keys), divisor)
  graph.output('y', softmax(add(logits, causalMask(x, length))))
  return graph
}

/** `x` [B, T, d], `probabilities` [B, T, T], `residual` [B, T, d] -> `y` [B, T, d]: residual + P (x~ W_V) W_O / divisor. */
export function valueOutputPiece(config: Gpt2Config, batch: number, length: number, pair: PairSizes): Graph {
  const graph = createGraph('value_output')
  const { x, first, second, divisor } = pairInputs(graph, [batch, length, config.width], pair)
  const probabilities = graph.input('probabilities', 'float32', [batch, length, length])
  const residual = graph.input('residual', 'float32', [batch, length, config.width])
  const values = matMul(x, first) // [B, T, n]
  graph.output('y', add(residual, div(matMul(matMul(probabilities, values), second), divisor)))
  return graph
}

/** `x` [B, T, width] -> `y` [B, T, d2]: (x~ W1) W2 / divisor, on top of `residual` [B, T, d2] where asked. */
export function linearPiece(batch: number, length: number, width: number, pair: PairSizes, residual: boolean): Graph {
  const graph = createGraph('linear')
  const { x, first, second, divisor } = pairInputs(graph, [batch, length, width], pair)
  const y = div(matMul(matMul(x, first), second), divisor)
  graph.output('y', residual ? add(graph.input('residual', 'float32', [batch, length, pair.outputs]), y) : y)
  return graph
}

/** `x` [B, T, F] -> `y` [B, T, F]: the activation. */
export function activationPiece(config: Gpt2Config, batch: number, length: number): Graph {
  const graph = createGraph('activation')
  graph.output('y', activate(config, graph.input('x', 'float32', [batch, length, config.inner])))
  return graph
}

/** `x` [B, T, d] and the token embedding -> `y` [B, T, V], for a tied head. */
export function tiedHeadPiece(config: Gpt2Config, batch: number, length: number): Graph {
  const graph = createGraph('tied_head')
  const x = graph.input('x', 'float32', [batch, length, config.width])
  graph.output('y', unembed(config, denseInputs(config, graph), x))
  return graph
}

/** Declares a dense weight as an input when it is first asked for. */
function denseInputs(config: Gpt2Config, graph: Graph): WeightLookup {
  const shapes = gpt2DenseShapes(config)
  return (name) => graph.input(name, 'float32', shapes.get(name)!)
}

/** The inputs that every pair has; x gains the constant coordinate when the pair reads it. */
function pairInputs(graph: Graph, shape: readonly number[], { inputs, hidden, outputs }: PairSizes) {
  const x: Value = graph.input('x', 'float32', shape)
  return {
    x: inputs === shape[2] ? x : appendOne(x),
    first: graph.input('first', 'float32', [inputs, hidden]),
    second: graph.input('second', 'float32', [hidden, outputs]),
    divisor: graph.input('divisor', 'float32', []),
  }
}
