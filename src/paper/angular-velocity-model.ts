/**
 * The attention of Figures 4 and 5 as a graph: one head, two inputs, one output, read at the regression token alone.
 * Dimensions: B sequences padded to T positions, key width d_K, value width d_V.
 */
import {
  add,
  createGraph,
  div,
  type Graph,
  gradients,
  matMul,
  mul,
  reduceSum,
  reshape,
  type Shape,
  scalar,
  softmax,
  sub,
  transpose,
  type Value,
} from '../graph/index.js'

/** The two widths of the head. */
export interface AngularVelocityWidths {
  /** d_K, integer >= 1. */
  readonly keyWidth: number
  /** d_V, integer >= 1. */
  readonly valueWidth: number
}

/** Names of the four matrices and of the regression token. */
export type AngularVelocityParameter = 'query' | 'key' | 'value' | 'output' | 'token'

/** What is trained: W_Q, W_K [2, d_K], W_V [2, d_V], W_O [d_V, 1], and the regression token [2]. */
export function angularVelocityParameters({
  keyWidth,
  valueWidth,
}: AngularVelocityWidths): { readonly name: AngularVelocityParameter; readonly shape: Shape }[] {
  return [
    { name: 'query', shape: [2, keyWidth] },
    { name: 'key', shape: [2, keyWidth] },
    { name: 'value', shape: [2, valueWidth] },
    { name: 'output', shape: [valueWidth, 1] },
    { name: 'token', shape: [2] },
  ]
}

interface Forward {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Value>
  /** [B] */
  readonly predictions: Value
}

/** `softmax(r' W_QK X') X W_VO` with the token r in row 0 of X; products are taken from the narrow side. */
function forward(widths: AngularVelocityWidths, batch: number, length: number): Forward {
  const [B, T] = [batch, length]
  const graph = createGraph('angular_velocity')
  const inputs = graph.input('inputs', 'float32', [B, T, 2])
  const mask = graph.input('mask', 'float32', [B, T])
  const parameters = new Map(
    angularVelocityParameters(widths).map(({ name, shape }) => [name, graph.input(name, 'float32', shape)]),
  )
  const [query, key, value, output, token] = [...parameters.values()]
  const first = new Float32Array(T)
  first[0] = 1
  const row = reshape(token, [1, 2])
  const shift = mul(graph.constant({ dtype: 'float32', dims: [T, 1], data: first }), row) // [T, 2]
  const x = add(inputs, shift) // [B, T, 2]

  const direction = matMul(key, transpose(matMul(row, query), [1, 0])) // [2, 1]
  const logits = matMul(x, mul(direction, scalar(x, 1 / Math.sqrt(widths.keyWidth)))) // [B, T, 1]
  const probabilities = softmax(add(reshape(logits, [B, T]), mask))
  const mixed = matMul(reshape(probabilities, [B, 1, T]), x) // [B, 1, 2]
  const predictions = reshape(matMul(matMul(reshape(mixed, [B, 2]), value), output), [B])
  return { graph, parameters, predictions }
}

/**
 * Predictions alone: inputs `inputs` [B, T, 2] (row 0, the token's place, zero), `mask` [B, T] (added to the logits),
 * and the parameters by name, all float32; output `predictions` [B], radians a step.
 */
export function angularVelocityGraph(widths: AngularVelocityWidths, batch: number, length: number): Graph {
  const { graph, predictions } = forward(widths, batch, length)
  graph.output('predictions', predictions)
  return graph
}

/**
 * Loss and gradients: as {@link angularVelocityGraph} with two more inputs, `targets` [B] and `weights` [B]. Outputs
 * `loss`, the mean of (predictions - targets)^2 by those weights, a scalar; and `d.NAME`, its gradient, for every
 * parameter.
 */
export function angularVelocityGradientGraph(widths: AngularVelocityWidths, batch: number, length: number): Graph {
  const { graph, parameters, predictions } = forward(widths, batch, length)
  const weights = graph.input('weights', 'float32', [batch])
  const misses = sub(predictions, graph.input('targets', 'float32', [batch]))
  const sum = reduceSum(mul(weights, mul(misses, misses)), [0])
  const loss = graph.output('loss', div(sum, reduceSum(weights, [0])))
  const found = gradients(loss, [...parameters.values()])
  for (const [i, name] of [...parameters.keys()].entries()) graph.output(`d.${name}`, found[i])
  return graph
}
