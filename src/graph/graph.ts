import { dimension } from './dimension.js'
import { operators } from './operators/index.js'
import type { CustomGradient, Graph, GraphOptions, Node, Value } from './value.js'

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
  const customGradients = new Map<Value, CustomGradient>()
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
      const lengths = shape.map((length) => dimension(`graph ${name}: input ${inputName}`, length))
      const value: Value = { graph, name: inputName, dtype, shape: lengths }
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
      const types = operators[op].infer(operands, attributes)
      const isVector = types[0].dtype === 'int64' && types[0].shape.length <= 1
      const integers = isVector ? operators[op].integers?.(operands, attributes) : undefined
      const results = types.map(
        ({ dtype, shape }, i): Value => ({
          graph,
          name: `/${op}_${id}_${i}`,
          dtype,
          shape,
          ...(integers ? { integers } : {}),
        }),
      )
      const node: Node = { op, inputs: [...operands], outputs: results, attributes }
      nodes.push(node)
      for (const value of results) producers.set(value, node)
      return results
    },
    differentiate(value, gradient) {
      if (producers.get(value)?.outputs.length !== 1) {
        throw new RangeError(`differentiate: ${value.name} expected the one output of a node of graph ${name}`)
      }
      customGradients.set(value, gradient)
      return value
    },
    customGradient: (value) => customGradients.get(value),
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
