import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'
import { interpret } from './reference.js'
import type { NdArray } from './reference-arrays.js'
import { runner } from './run-graph.js'

const total = (x: g.Value) => g.reduceSum(x, [...x.shape.keys()])

const array = (shape: readonly number[], phase = 0): NdArray => ({
  shape,
  data: Float64Array.from({ length: g.sizeOf(shape) }, (_, i) => Math.sin(5 * i + 1 + phase)),
})

/** Operators that keep the shape [3, 3], to make random graphs of. */
const steps: ((x: g.Value, y: g.Value) => g.Value)[] = [
  g.add,
  g.mul,
  g.sub,
  g.matMul,
  (x) => g.softmax(x, 0),
  (x) => g.tanh(x),
  (x) => g.transpose(x, [1, 0]),
  (x) => g.gelu(x, 'tanh'),
  (x, y) => g.mul(x, g.reduceMean(y, [1], true)),
]

/** A random graph over x and w [3, 3]: each step takes two of the values so far. */
const randomGraph = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(), fc.nat()), { minLength: 2, maxLength: 6 })

function build(choices: readonly (readonly [number, number, number])[]) {
  const graph = g.createGraph('random')
  const values = [graph.input('x', 'float32', [3, 3]), graph.input('w', 'float32', [3, 3])]
  for (const [step, i, j] of choices) values.push(steps[step](values[i % values.length], values[j % values.length]))
  const evaluate = (value: g.Value) =>
    interpret(graph, { x: array([3, 3]), w: array([3, 3], 2) }).get(value)!.data as Float64Array
  return { graph, values, evaluate }
}

function expectClose(found: Float64Array, expected: Float64Array) {
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 9)
}

describe('laws', () => {
  test('the gradient of a sum of losses is the sum of their gradients', () => {
    fc.assert(
      fc.property(randomGraph, fc.nat(), (choices, other) => {
        const { values, evaluate } = build(choices)
        const wrt = values.slice(0, 2)
        const touched = values.reduce(g.add) // so that each loss depends on both inputs
        const first = total(g.mul(touched, values.at(-1)!))
        const second = total(g.mul(touched, values[other % values.length]))
        const [a, b, sum] = [first, second, g.add(first, second)].map((loss) => g.gradients(loss, wrt).map(evaluate))
        for (const i of [0, 1]) {
          expectClose(
            sum[i],
            a[i].map((value, k) => value + b[i][k]),
          )
        }
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('chain rule: pulling back the gradient of an intermediate value gives what is upstream', () => {
    fc.assert(
      fc.property(randomGraph, randomGraph, (before, after) => {
        const { values, evaluate } = build(before)
        const middle = g.add(values.reduce(g.add), values.at(-1)!)
        let last = middle
        for (const [step] of after) last = steps[step](last, middle)
        const loss = total(g.mul(last, last))
        const whole = g.gradients(loss, values.slice(0, 2))
        const [dMiddle] = g.gradients(loss, [middle])
        const pulled = g.pullBack([[middle, dMiddle]], values.slice(0, 2))
        for (const i of [0, 1]) expectClose(evaluate(pulled[i]), evaluate(whole[i]))
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('a value used n times gets n contributions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (n) => {
        const { values, evaluate } = build([])
        const uses = Array.from({ length: n }, () => g.neg(values[0]))
        const [dx] = g.gradients(total(uses.reduce(g.add)), [values[0]])
        expect([...evaluate(dx)]).toEqual(Array(9).fill(-n))
      }),
    )
  })
})

test('only what lies between the values and the loss is differentiated', () => {
  const { graph, values } = build([])
  const [x, w] = values
  const t = g.tanh(x)
  const loss = total(g.matMul(t, w))
  for (const value of [w, t]) {
    const before = graph.nodes.length
    g.gradients(loss, [value])
    expect(graph.nodes.slice(before).map((node) => node.op)).toEqual(['Reshape', 'Expand', 'Gemm'])
  }
})

test('the weight gradient of a batched product is one Gemm without a transpose', () => {
  const graph = g.createGraph('batched')
  const [x, w] = [graph.input('x', 'float32', [2, 5, 3]), graph.input('w', 'float32', [3, 4])]
  const y = g.matMul(x, w)
  g.pullBack([[y, graph.input('dy', 'float32', [2, 5, 4])]], [x, w])
  const ops = graph.nodes.map(({ op }) => op)
  expect(ops.filter((op) => op === 'Gemm')).toHaveLength(2)
  expect(ops).not.toContain('Transpose')
})

test('batched products use FusedMatMul where the graph allows it', () => {
  for (const fused of [false, true]) {
    const graph = g.createGraph('fused', { fused })
    const [a, b] = [graph.input('a', 'float32', [2, 5, 3]), graph.input('b', 'float32', [2, 3, 4])]
    g.gradients(total(g.matMul(a, b)), [a, b])
    const ops = graph.nodes.map(({ op }) => op)
    expect(ops.filter((op) => op === (fused ? 'FusedMatMul' : 'Transpose'))).toHaveLength(2)
    expect(ops).not.toContain(fused ? 'Transpose' : 'FusedMatMul')
  }
})

test('a tied embedding: looked-up rows are added into the gradient of the head, by ONNX Runtime too (1e-5)', async () => {
  const graph = g.createGraph('tied')
  const tokens = graph.constant(g.int32([4], Int32Array.of(1, 3, 1, 1)))
  const loss = ([rows, more, head]: g.Value[]) => {
    const early = total(g.exp(head)) // the last contribution to arrive
    const x = g.add(g.gather(rows, tokens), g.exp(g.gather(more, tokens)))
    const logits = g.gemm(x, head, { transB: true })
    return g.add(total(g.mul(logits, logits)), early)
  }
  const [table, ...copies] = ['table', 'a', 'b', 'c'].map((name) => graph.input(name, 'float32', [5, 2]))
  const [tied] = g.gradients(loss([table, table, table]), [table])
  const scatters = graph.nodes.filter(({ op }) => op === 'ScatterElements')
  expect(scatters).toHaveLength(4) // two into zeros, which nothing uses, and two into the head's gradient
  const sum = g.gradients(loss(copies), copies).reduce(g.add)
  const data = array([5, 2])
  const values = interpret(graph, { table: data, a: data, b: data, c: data })
  expectClose(values.get(tied)!.data, values.get(sum)!.data)

  graph.output('tied', tied)
  const session = await runner.load(g.encodeModel(graph))
  const feed = g.float32([5, 2], Float32Array.from(data.data))
  const found = await session.run({ table: feed, a: feed, b: feed, c: feed })
  await session.release()
  for (const [i, value] of values.get(tied)!.data.entries()) {
    expect(Math.abs(Number(found.tied.data[i]) / value - 1)).toBeLessThan(1e-5)
  }
})

test('stopGradient makes a constant of a value', () => {
  const { values, evaluate } = build([])
  const [x, w] = values
  const loss = total(g.mul(x, g.stopGradient(g.mul(x, w))))
  const [dx] = g.gradients(loss, [x])
  expectClose(evaluate(dx), evaluate(g.mul(x, w)))
  expect(() => g.gradients(loss, [w])).toThrow(new RangeError(`gradients: ${loss.name} does not depend on w`))
})

test('a loss may be one of its own values', () => {
  const { values, evaluate } = build([])
  const loss = total(values[0])
  expect([...evaluate(g.gradients(loss, [loss])[0])]).toEqual([1])
})

describe('errors', () => {
  const { graph, values } = build([])
  const [x, w] = values
  const tokens = graph.input('tokens', 'int32', [])
  const other = g.createGraph('other').input('other', 'float32', [])
  const loss = total(x)

  test.each<[string, () => unknown]>([
    ['gradients: x expected shape [], got [3,3]', () => g.gradients(x, [x])],
    [`gradients: ${loss.name} does not depend on w`, () => g.gradients(loss, [x, w])],
    ['gradients: other belongs to graph other, not random', () => g.gradients(loss, [other])],
    ['gradients: expected at least one value with its gradient', () => g.pullBack([], [x])],
    ['gradients: the gradient of x expected [3,3], got []', () => g.pullBack([[x, loss]], [x])],
  ])('%s', (message, run) => {
    expect(run).toThrow(new RangeError(message))
  })

  test('a comparison passes nothing on', () => {
    const counted = total(g.cast(g.greater(x, w), 'float32'))
    expect(() => g.gradients(counted, [x])).toThrow(new RangeError(`gradients: ${counted.name} does not depend on x`))
  })

  test('integers', () => {
    expect(() => g.gradients(tokens, [x])).toThrow(new TypeError('gradients: tokens expected float32, got int32'))
    expect(() => g.gradients(loss, [tokens])).toThrow(new TypeError('gradients: tokens expected float32, got int32'))
  })
})
