/** Lengths as values: what ONNX reads as int64 tensors (shapes, starts, ends), also where a length is known only when the graph runs. */
import { type Dimension, dimension, termsOf } from '../dimension.js'
import { isNumeric, type Shape, type SymbolicShape } from '../tensor.js'
import type { Graph, Value } from '../value.js'

/** Lengths that a graph already computes, by their text and shape: each is read once. */
const computed = new WeakMap<Graph, Map<string, Value>>()

/**
 * A length as an int64 scalar.
 * @param like any value of the graph
 * @param length numbers are constants; a name is read from the shape of an input of the graph
 * @throws RangeError where no input has an axis of that name, or the text is no length
 */
export const lengthOf = (like: Value, length: Dimension): Value =>
  valueOfLength(like.graph, dimension('lengthOf', length), [])

/** Numbers and lengths as an int64 vector; a constant where all are numbers. @throws as {@link lengthOf} */
export function integers(like: Value, values: SymbolicShape): Value {
  const { graph } = like
  if (isNumeric(values)) return constant(graph, values, [values.length])
  const parts = values.map((value) => valueOfLength(graph, value, [1]))
  return parts.length === 1 ? parts[0] : graph.apply('Concat', parts, { axis: 0 })[0]
}

/** The shape of a value when the graph runs: int64 [axes]. */
export const shapeOf = (x: Value): Value => x.graph.apply('Shape', [x], {})[0]

/**
 * The integers start <= i < limit as an int64 vector, such as the positions of new tokens: `range(x, 'past', 'past + sequence')`.
 * @param like any value of the graph
 * @throws as {@link lengthOf}
 */
export function range(like: Value, start: Dimension, limit: Dimension): Value {
  return like.graph.apply('Range', [lengthOf(like, start), lengthOf(like, limit), lengthOf(like, 1)], {})[0]
}

function valueOfLength(graph: Graph, length: Dimension, dims: Shape): Value {
  if (typeof length === 'number') return constant(graph, [length], dims)
  const values = computed.get(graph) ?? new Map<string, Value>()
  computed.set(graph, values)
  const key = `${length} [${dims}]`
  const value = values.get(key) ?? readLength(graph, length, dims) ?? addedUp(graph, length, dims)
  values.set(key, value)
  return value
}

/** The length of an input's axis. */
function readLength(graph: Graph, length: string, dims: Shape): Value | undefined {
  const input = graph.inputs.find(({ shape }) => shape.includes(length))
  if (input === undefined) return undefined
  const axis = constant(graph, [input.shape.indexOf(length)], dims)
  return graph.apply('Gather', [shapeOf(input), axis], { axis: 0 })[0]
}

function addedUp(graph: Graph, length: string, dims: Shape): Value {
  const terms = termsOf(length).map(({ names, count }) => {
    const factors = names.map((name) => {
      const value = readLength(graph, name, dims)
      if (value === undefined) throw new RangeError(`graph ${graph.name}: no input has an axis of length ${name}`)
      return value
    })
    if (count !== 1 || factors.length === 0) factors.push(constant(graph, [count], dims))
    return factors.reduce((a, b) => graph.apply('Mul', [a, b], {})[0])
  })
  return terms.reduce((a, b) => graph.apply('Add', [a, b], {})[0])
}

const constant = (graph: Graph, values: Shape, dims: Shape): Value =>
  graph.constant({ dtype: 'int64', dims, data: BigInt64Array.from(values, BigInt) })
