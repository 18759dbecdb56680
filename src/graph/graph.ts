import type { OpAttributes, OpName } from './operator.js'
import { operators } from './operators/index.js'
import type { DType, Shape, Tensor, TensorType } from './tensor.js'

/** An array that flows through a graph: an input, a constant, or the output of a node. */
export interface Value extends TensorType {
  readonly graph: Graph
  /** Unique in its graph. */
  readonly name: string
  /** Its content, where the graph itself holds it. */
  readonly constant?: Tensor
}

/** One operator applied to values. */
export interface Node<Op extends OpName = OpName> {
  readonly op: Op
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: OpAttributes[Op]
}

/**
 * An ONNX graph under construction. Nodes are kept in the order they were applied, which is topological.
 * Shapes are checked while building; values are made by the functions in `operators/` (`matMul(a, b)`).
 */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly constants: readonly Value[]
  readonly nodes: readonly Node[]
  /** Named results; one value may have several names. */
  readonly outputs: ReadonlyMap<string, Value>
  /** Whether gradient rules may use operators that only ONNX Runtime's CPU provider has. */
  readonly fused: boolean
  /** The node that a value is an output of; undefined for inputs and constants. */
  producer(value: Value): Node | undefined
  /** Declares an input. Weights are inputs too: a protobuf message cannot hold more than 2 GB. */
  input(name: string, dtype: DType, shape: Shape): Value
  /** A small array written into the model itself. */
  constant(tensor: Tensor): Value
  /** Applies an operator and returns its outputs. */
  apply<Op extends OpName>(op: Op, inputs: readonly Value[], attributes: OpAttributes[Op]): Value[]
  /** Names a result; returns the value. */
  output(name: string, value: Value): Value
}

/** How a graph is to be built. */
export interface GraphOptions {
  /**
   * Lets gradient rules use com.microsoft's FusedMatMul, which saves transposes on the CPU and may fall back to it
   * elsewhere; without it (the default) they keep to operators that every provider has.
   */
  readonly fused?: boolean
}

/**
 * An empty graph.
 * @param name appears in the model file and in ONNX Runtime's messages
 */
export function createGraph(name: string, { fused = false }: GraphOptions = {}): Graph {
  const inputs = new Map<string, Value>()
  const outputs = new Map<string, Value>()
  const constants: Value[] = []
  const nodes: Node[] = []
  const producers = new Map<Value, Node>()
  let made = 0

  const graph: Graph = {
    name,
    get inputs() {
      return [...inputs.values()]
    },
    constants,
    nodes,
    outputs,
    fused,
    producer: (value) => producers.get(value),
    input(inputName, dtype, shape) {
      if (inputs.has(inputName)) throw new RangeError(`graph ${name}: two inputs named ${inputName}`)
      const value: Value = { graph, name: inputName, dtype, shape: [...shape] }
      inputs.set(inputName, value)
      return value
    },
    constant(tensor) {
      const value: Value = {
        graph,
        name: `/constant_${made++}`,
        dtype: tensor.dtype,
        shape: tensor.dims,
        constant: tensor,
      }
      constants.push(value)
      return value
    },
    apply(op, operands, attributes) {
      for (const value of operands) {
        if (value.graph !== graph) throw new RangeError(`${op}: ${value.name} belongs to graph ${value.graph.name}`)
      }
      const id = made++
      const results = operators[op]
        .infer(operands, attributes)
        .map(({ dtype, shape }, i): Value => ({ graph, name: `/${op}_${id}_${i}`, dtype, shape }))
      const node: Node = { op, inputs: [...operands], outputs: results, attributes }
      nodes.push(node)
      for (const value of results) producers.set(value, node)
      return results
    },
    output(outputName, value) {
      if (value.graph !== graph) throw new RangeError(`output ${outputName} belongs to graph ${value.graph.name}`)
      if (outputs.has(outputName)) throw new RangeError(`graph ${name}: two outputs named ${outputName}`)
      if (inputs.has(outputName)) throw new RangeError(`graph ${name}: output ${outputName} has the name of an input`)
      outputs.set(outputName, value)
      return value
    },
  }
  return graph
}
