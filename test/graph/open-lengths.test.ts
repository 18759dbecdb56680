/** One graph for every batch, length and cache: causal attention whose lengths are known only when it runs. */
import { expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'
import { interpret } from './reference.js'
import { type NdArray, tabulate } from './reference-arrays.js'
import { runner } from './run-graph.js'

const [H, D, V, P] = [2, 3, 7, 16] // heads, their width, vocabulary, positions

/** Lengths that a graph leaves open or not: batch, tokens before, new tokens. */
interface Lengths {
  readonly B: g.Dimension
  readonly past: g.Dimension
  readonly T: g.Dimension
}

/** Embeds tokens and their positions, and lets them attend to themselves and a cache. Outputs `y` [B, T, H D], `keys` [B, H, past + T, D]. */
function attentionGraph({ B, past, T }: Lengths): g.Graph {
  const graph = g.createGraph('attention')
  const tokens = graph.input('tokens', 'int64', [B, T])
  const before = graph.input('before', 'float32', [B, H, past, D])
  const table = graph.input('table', 'float32', [V, H * D])
  const positions = graph.input('positions', 'float32', [P, H * D])
  const end = typeof past === 'number' && typeof T === 'number' ? past + T : `${past} + ${T}`
  const place = g.slice(positions, 0, past, end) // [T, H D]
  const x = g.add(g.gather(table, tokens), place) // [B, T, H D]
  const own = g.transpose(g.reshape(x, [B, T, H, D]), [0, 2, 1, 3]) // [B, H, T, D]
  const keys = graph.output('keys', g.concat([before, own], 2)) // [B, H, S, D]
  const queryPlaces = g.reshape(g.range(x, past, end), [T, 1])
  const sees = g.lessOrEqual(g.range(x, 0, end), queryPlaces) // [T, S]
  const bias = g.where(sees, g.scalar(x, 0), g.scalar(x, -1e30))
  const scores = g.add(g.matMul(own, g.transpose(keys, [0, 1, 3, 2])), bias) // [B, H, T, S]
  const mixed = g.matMul(g.softmax(scores), keys)
  graph.output('y', g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [B, T, H * D]))
  return graph
}

const numbers = (shape: readonly number[], phase: number): NdArray => {
  let i = 0
  return tabulate(shape, () => Math.fround(Math.sin(5 * i++ + phase)))
}

function feedsFor(B: number, past: number, T: number): Record<string, NdArray> {
  let i = 0
  return {
    tokens: tabulate([B, T], () => (i++ * 3 + 1) % V),
    before: numbers([B, H, past, D], 1),
    table: numbers([V, H * D], 2),
    positions: numbers([P, H * D], 3),
  }
}

const tensorsOf = (feeds: Record<string, NdArray>): Record<string, g.Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      name === 'tokens'
        ? g.tensor('int64', shape, BigInt64Array.from(data, BigInt))
        : g.float32(shape, Float32Array.from(data)),
    ]),
  )

const open = attentionGraph({ B: 'batch', past: 'past', T: 'sequence' })

test('results have sums of names in their shapes', () => {
  expect(open.outputs.get('keys')?.shape).toEqual(['batch', H, 'past + sequence', D])
  expect(open.outputs.get('y')?.shape).toEqual(['batch', 'sequence', H * D])
})

test('one loaded graph gives what a graph of each size gives (1e-5)', async () => {
  const session = await runner.load(g.encodeModel(open))
  for (const [B, past, T] of [
    [1, 0, 5],
    [2, 4, 3],
    [3, 9, 1],
  ]) {
    const feeds = feedsFor(B, past, T)
    const fixed = attentionGraph({ B, past, T })
    const values = interpret(fixed, feeds)
    const symbolic = interpret(open, feeds)
    const results = await session.run(tensorsOf(feeds))
    for (const name of ['y', 'keys']) {
      const expected = values.get(fixed.outputs.get(name)!)!
      expect(symbolic.get(open.outputs.get(name)!)).toEqual(expected)
      expect(results[name].dims).toEqual(expected.shape)
      for (const [i, number] of expected.data.entries()) expect(Number(results[name].data[i])).toBeCloseTo(number, 5)
    }
  }
  await session.release()
})

test('a bound run checks arrays against the names', async () => {
  const session = await runner.load(g.encodeModel(open))
  const feeds = tensorsOf(feedsFor(2, 4, 3))
  const y = g.float32([2, 3, H * D], new Float32Array(2 * 3 * H * D))
  const keys = (length: number) => g.float32([2, H, length, D], new Float32Array(2 * H * length * D))
  const run = session.bind(feeds, { y, keys: keys(7) })
  await run()
  const { y: expected } = await session.run(feeds)
  expect(y.data).toEqual(expected.data)
  expect(() => session.bind(feeds, { keys: keys(6) })).toThrow(
    new RangeError(`graph output keys expected float32 [batch,${H},past + sequence,${D}], got float32 [2,${H},6,${D}]`),
  )
  const other = g.float32([1, H, 4, D], new Float32Array(H * 4 * D))
  expect(() => session.bind({ ...feeds, before: other }, { y })).toThrow(
    new RangeError(`graph input before expected float32 [batch,${H},past,${D}], got float32 [1,${H},4,${D}]`),
  )
  await session.release()
})

test('gradients of open lengths are those of numbers', () => {
  const gradientsOf = (lengths: Lengths) => {
    const graph = attentionGraph(lengths)
    const y = graph.outputs.get('y')!
    const wrt = ['table', 'positions', 'before'].map((name) => graph.inputs.find((input) => input.name === name)!)
    const found = g.gradients(g.reduceSum(g.mul(y, y), [0, 1, 2]), wrt)
    const values = interpret(graph, feedsFor(2, 4, 3))
    return found.map((gradient) => values.get(gradient)!)
  }
  expect(gradientsOf({ B: 'batch', past: 'past', T: 'sequence' })).toEqual(gradientsOf({ B: 2, past: 4, T: 3 }))
})

test('a length is read once', () => {
  const graph = g.createGraph('once')
  const x = graph.input('x', 'float32', ['batch', 2])
  g.range(x, 0, 'batch')
  const count = graph.nodes.length
  g.range(x, 0, 'batch')
  expect(graph.nodes.length).toBe(count + 1)
  expect(g.lengthOf(x, 'batch')).toBe(g.lengthOf(x, 'batch'))
})
