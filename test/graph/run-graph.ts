import { createGraphRunner } from '../../src/engine/onnx.js'
import { createGraph, encodeModel, type Graph, numericShape, type Tensor, type Value } from '../../src/graph/index.js'

export const runner = createGraphRunner({ threads: 1 })

/** Builds a graph over the given inputs, runs it in ONNX Runtime and returns its output `y`. */
export async function runGraph(
  feeds: Record<string, Tensor>,
  build: (inputs: Record<string, Value>, graph: Graph) => Value,
): Promise<Tensor & { readonly shape: readonly number[] }> {
  const graph = createGraph('test')
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, dims }]) => [name, graph.input(name, dtype, dims)]),
  )
  const { shape } = graph.output('y', build(inputs, graph))
  const session = await runner.load(encodeModel(graph))
  const { y } = await session.run(feeds)
  await session.release()
  return { ...y, shape: numericShape('y:', shape) } // shape: what the builder inferred; dims: what ONNX Runtime made
}
