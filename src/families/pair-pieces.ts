/**
 * The pieces that a pruned model is run in, each a small graph. B sequences of T tokens; a pair is first [d1, n] and second [n, d2], applied
 * one after the other at the full source width n and never merged.
 */
import {
  add,
  concat,
  createGraph,
  div,
  type Graph,
  matMul,
  mul,
  numericShape,
  reshape,
  scalar,
  softmax,
  split,
  sub,
  transpose,
  type Value,
} from '../graph/index.js'
import { activate } from './activation-graph.js'
import { causalMask } from './attention-graph.js'
import type { Activation } from './config.js'
import { normalise } from './norm-graph.js'
import type { AttentionSpec, NormSpec } from './port.js'
import { rotate, rotationConstants } from './rotary.js'

/** The sizes of a pair: inputs d1 (the width, or one more with the constant coordinate), hidden n, outputs d2. */
export interface PairSizes {
  readonly inputs: number
  readonly hidden: number
  readonly outputs: number
}

/** What a piece reads: [B, T, width]. */
export interface PieceShape {
  readonly batch: number
  readonly length: number
  readonly width: number
}

const inputX = (graph: Graph, { batch, length, width }: PieceShape): Value =>
  graph.input('x', 'float32', [batch, length, width])

/** `x` [B, T, d] -> `y`: the normalisation alone, or with the gain `gain` [d] and the shift `shift` [d] of a LayerNorm. */
export function normPiece(shape: PieceShape, spec: NormSpec, isDense: boolean): Graph {
  const graph = createGraph('norm')
  const { width } = shape
  const ones = () => graph.constant({ dtype: 'float32', dims: [width], data: new Float32Array(width).fill(1) })
  const gain = isDense ? graph.input('gain', 'float32', [width]) : spec.kind === 'layer' ? ones() : undefined
  const shift = isDense && spec.kind === 'layer' ? graph.input('shift', 'float32', [width]) : undefined
  graph.output('y', normalise(spec, inputX(graph, shape), gain, shift))
  return graph
}

/** `x` [B, T, width] -> `y` [B, T, d2]: (x~ first) second / divisor. */
export function linearPiece(shape: PieceShape, pair: PairSizes): Graph {
  const graph = createGraph('linear')
  const { x, first, second, divisor } = pairInputs(graph, shape, pair)
  graph.output('y', div(matMul(matMul(x, first), second), divisor))
  return graph
}

/** `x` [B, T, d] -> `y` [B, T, T]: scores (x~ first)(x~ second')' / divisor. */
export function scorePiece(shape: PieceShape, pair: PairSizes): Graph {
  const graph = createGraph('query_key')
  const { x, first, second, divisor } = pairInputs(graph, shape, pair)
  const queries = matMul(x, first) // [B, T, n]
  const keys = matMul(second, transpose(x, [0, 2, 1])) // [B, n, T]
  graph.output('y', div(matMul(queries, keys), divisor))
  return graph
}

/**
 * One frequency of a random rotary head. `first` [d1, n] holds the first halves of n query pairs, whose second halves are pruned; `second`
 * [n, 2 d1] both halves of the key pairs. `cos` and `sin` [T, 1] are the positions' angles, `scores` [B, T, T] what the other frequencies
 * gave: `y` is their sum.
 */
export function rotaryPiece(shape: PieceShape, pair: PairSizes): Graph {
  const graph = createGraph('rotary')
  const { x, first, second, divisor } = pairInputs(graph, shape, pair)
  const { batch: B, length: T } = shape
  const [cos, sin] = ['cos', 'sin'].map((name) => graph.input(name, 'float32', [T, 1]))
  const scores = graph.input('scores', 'float32', [B, T, T])
  const query = matMul(x, first) // [B, T, n]
  const [keyA, keyB] = split(second, 1, [pair.inputs, pair.inputs]).map((half) => matMul(x, transpose(half, [1, 0]))) // [B, T, n]
  const keys = [sub(mul(keyA, cos), mul(keyB, sin)), add(mul(keyB, cos), mul(keyA, sin))]
  const [a, b] = [cos, sin].map((part, i) => matMul(mul(query, part), transpose(keys[i], [0, 2, 1])))
  graph.output('y', add(scores, div(add(a, b), divisor)))
  return graph
}

/** What the scores of attention are masked by: later tokens, and where asked `padding` [B, 1, T], very low for keys that are none. */
export interface ScoreMask {
  readonly causal: boolean
  readonly padded: boolean
}

/** `x` [B, T, T] scores of one head -> `y`, its probabilities. */
export function softmaxPiece(batch: number, length: number, mask: ScoreMask): Graph {
  const graph = createGraph('softmax')
  const scores = graph.input('x', 'float32', [batch, length, length])
  const padding = mask.padded ? graph.input('padding', 'float32', [batch, 1, length]) : undefined
  graph.output('y', masked(scores, length, mask, padding))
  return graph
}

/** `query` [B, T, H D] and `key` [B, T, K D] -> `y` [H, B, T, T]: the probabilities of all heads. */
export function factoredPiece({ batch: B, length: T }: PieceShape, spec: AttentionSpec, mask: ScoreMask): Graph {
  const graph = createGraph('factored')
  const { heads: H, keyHeads: K, headWidth: D, rotary } = spec
  const perHead = (name: string, count: number) =>
    transpose(reshape(graph.input(name, 'float32', [B, T, count * D]), [B, T, count, D]), [0, 2, 1, 3])
  let [query, key] = [perHead('query', H), perHead('key', K)] // [B, H, T, D], [B, K, T, D]
  if (rotary) {
    const angles = rotationConstants(graph, T, D, rotary.theta)
    ;[query, key] = [rotate(query, angles), rotate(key, angles)]
  }
  const grouped = reshape(query, [B, K, (H / K) * T, D])
  const products = mul(matMul(grouped, transpose(key, [0, 1, 3, 2])), scalar(query, 1 / Math.sqrt(D)))
  const padding = mask.padded ? reshape(graph.input('padding', 'float32', [B, 1, T]), [B, 1, 1, T]) : undefined
  const probabilities = masked(reshape(products, [B, H, T, T]), T, mask, padding)
  graph.output('y', transpose(probabilities, [1, 0, 2, 3]))
  return graph
}

/** `x` [B, T, d], `probabilities` [B, T, T], `residual` [B, T, d2] -> `y` [B, T, d2]: residual + P (x~ first) second / divisor. */
export function valueOutputPiece(shape: PieceShape, pair: PairSizes): Graph {
  const graph = createGraph('value_output')
  const { x, first, second, divisor } = pairInputs(graph, shape, pair)
  const { batch, length } = shape
  const probabilities = graph.input('probabilities', 'float32', [batch, length, length])
  const residual = graph.input('residual', 'float32', [batch, length, pair.outputs])
  const values = matMul(x, first) // [B, T, n]
  graph.output('y', add(residual, div(matMul(matMul(probabilities, values), second), divisor)))
  return graph
}

/** `x` [B, T, F] -> `y` [B, T, F]: the activation. */
export function activationPiece(shape: PieceShape, activation: Activation): Graph {
  const graph = createGraph('activation')
  graph.output('y', activate(activation, inputX(graph, shape)))
  return graph
}

/** `x` [B, T, d] -> `y` [B, T, d1]: (x second') first' / divisor, the pair of some rows of a table the other way round. */
export function tiedPiece(shape: PieceShape, { inputs, hidden, outputs }: PairSizes): Graph {
  const graph = createGraph('tied_head')
  const x = inputX(graph, shape)
  const first = graph.input('first', 'float32', [inputs, hidden])
  const second = graph.input('second', 'float32', [hidden, outputs])
  const divisor = graph.input('divisor', 'float32', [])
  const units = matMul(x, transpose(second, [1, 0])) // [B, T, n]
  graph.output('y', div(matMul(units, transpose(first, [1, 0])), divisor))
  return graph
}

/** `x` [B, T, d] and `table` [V, d] -> `y` [B, T, V]: a head that is a dense table. */
export function denseHeadPiece(shape: PieceShape, rows: number): Graph {
  const graph = createGraph('dense_head')
  const table = graph.input('table', 'float32', [rows, shape.width])
  graph.output('y', matMul(inputX(graph, shape), transpose(table, [1, 0])))
  return graph
}

function masked(scores: Value, length: number, { causal }: ScoreMask, padding: Value | undefined): Value {
  let logits = scores
  if (causal) logits = add(logits, causalMask(scores, length))
  if (padding) logits = add(logits, padding)
  return softmax(logits)
}

/** The inputs that every pair has; x gains the constant coordinate when the pair reads it. */
function pairInputs(graph: Graph, shape: PieceShape, { inputs, hidden, outputs }: PairSizes) {
  const x = inputX(graph, shape)
  return {
    x: inputs === shape.width ? x : appendOne(x),
    first: graph.input('first', 'float32', [inputs, hidden]),
    second: graph.input('second', 'float32', [hidden, outputs]),
    divisor: graph.input('divisor', 'float32', []),
  }
}

/** x with a 1 after its last coordinate: [B, T, d] -> [B, T, d + 1]. A bias is a weight on that constant input. */
function appendOne(x: Value): Value {
  const dims = numericShape('appendOne', x.shape).with(-1, 1)
  const ones = new Float32Array(dims.reduce((product, length) => product * length)).fill(1)
  return concat([x, x.graph.constant({ dtype: 'float32', dims, data: ones })], -1)
}
