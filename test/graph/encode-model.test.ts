import { readdirSync, readFileSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'
import { ModelProtoSchema } from '../../src/graph/proto/onnx_pb.js'
import { runner } from './run-graph.js'

test('the model file says what the graph says', () => {
  const graph = g.createGraph('small')
  const x = graph.input('x', 'float32', [2, 3])
  graph.output('y', g.softmax(g.mul(x, g.scalar(x, 2)), 1))
  const model = fromBinary(ModelProtoSchema, g.encodeModel(graph))

  expect(model.irVersion).toBe(9n)
  expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 20n]])
  expect(model.graph?.node.map(({ opType }) => opType)).toEqual(['Mul', 'Softmax'])
  expect(model.graph?.node[1].attribute.map(({ name, i }) => [name, i])).toEqual([['axis', 1n]])
  expect(model.graph?.node[1].output).toEqual(['y'])
  expect(model.graph?.initializer.map(({ dims, rawData }) => [dims, [...rawData]])).toEqual([[[], [0, 0, 0, 64]]])
  expect(model.graph?.input.map(({ name }) => name)).toEqual(['x'])
})

test('what no output depends on is left out, and so are trailing outputs that nothing uses', () => {
  const graph = g.createGraph('lean')
  const x = graph.input('x', 'float32', [2, 3])
  const ones = graph.constant(g.float32([3], Float32Array.of(1, 1, 1)))
  const { normalised, inverse } = g.layerNormalizationWithStatistics(x, ones, undefined, 1e-5)
  g.exp(g.add(x, g.scalar(x, 3)))
  graph.output('y', normalised)
  const node = () => {
    const { graph: written } = fromBinary(ModelProtoSchema, g.encodeModel(graph))
    expect(written?.node.map(({ opType }) => opType)).toEqual(['LayerNormalization'])
    expect(written?.initializer).toHaveLength(1)
    return written?.node[0]
  }
  expect(node()?.output).toEqual(['y'])
  graph.output('inverse', inverse)
  expect(node()?.output).toEqual(['y', expect.any(String), 'inverse'])
})

test("com.microsoft's operator set is imported where it is used", () => {
  const graph = g.createGraph('fused')
  const x = graph.input('x', 'float32', [2, 3])
  const domains = () =>
    fromBinary(ModelProtoSchema, g.encodeModel(graph)).opsetImport.map(({ domain, version }) => [domain, version])
  const product = g.fusedMatMul(x, x, { transB: true, alpha: 0.5 })
  expect(domains()).toEqual([['', 20n]])
  graph.output('y', product)
  expect(domains()).toEqual([
    ['', 20n],
    ['com.microsoft', 1n],
  ])
  const [node] = fromBinary(ModelProtoSchema, g.encodeModel(graph)).graph?.node ?? []
  expect([node.opType, node.domain]).toEqual(['FusedMatMul', 'com.microsoft'])
  expect(node.attribute.map(({ name, f, i }) => [name, f, i])).toEqual([
    ['alpha', 0.5, 0n],
    ['transA', 0, 0n],
    ['transB', 0, 1n],
  ])
})

test('a value may be several outputs, and an input or a constant may be one', async () => {
  const graph = g.createGraph('aliases')
  const x = graph.input('x', 'float32', [2])
  const doubled = g.add(x, x)
  graph.output('a', doubled)
  graph.output('b', doubled)
  graph.output('same', x)
  graph.output('constant', g.scalar(x, 7))
  graph.output('c', g.sub(doubled, x))
  const session = await runner.load(g.encodeModel(graph))
  const results = await session.run({ x: g.float32([2], Float32Array.of(1, 2)) })
  await session.release()
  const numbers = Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]),
  )
  expect(numbers).toEqual({ a: [2, 4], b: [2, 4], same: [1, 2], constant: [7], c: [1, 2] })
})

test('a full cache releases the graph that was not asked for longest', async () => {
  const events: string[] = []
  const cache = g.createSessionCache(
    {
      prefersFused: false,
      load: async (model) => {
        const name = fromBinary(ModelProtoSchema, model).graph?.name
        events.push(`load ${name}`)
        return {
          run: async () => ({}),
          bind: () => async () => {},
          release: async () => void events.push(`release ${name}`),
        }
      },
    },
    2,
  )
  const ask = (name: string) => cache.get(name, () => g.createGraph(name))
  for (const name of ['a', 'b', 'a', 'c', 'a']) await ask(name)
  await cache.release()
  expect(events).toEqual(['load a', 'load b', 'load c', 'release b', 'release c', 'release a'])
})

test('the graph room leans on no platform', () => {
  const folder = new URL('../../src/graph/', import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(10)
  for (const name of files) {
    const imports = readFileSync(new URL(name, folder), 'utf8').match(/from ['"][^'"]+['"]/g) ?? []
    for (const line of imports) expect(line, name).toMatch(/from ['"](\.|@bufbuild\/protobuf)/)
  }
})

test('threads are checked', async () => {
  const { createGraphRunner } = await import('../../src/engine/onnx.js')
  expect(() => createGraphRunner({ threads: 0 })).toThrow(new RangeError('"threads" expected an integer >= 1, got 0'))
})
