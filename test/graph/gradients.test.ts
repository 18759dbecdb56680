import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'
import { cases, type Example, type Input } from './cases.js'
import { interpret } from './reference.js'
import type { NdArray } from './reference-arrays.js'
import { runner } from './run-graph.js'

/** Operators that answer with booleans or with lengths, those of 8-bit integers, and products with weights of a few bits, which are made for running. */
const notDifferentiable = [
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'And',
  'Shape',
  'Range',
  'QuantizeLinear',
  'MatMulIntegerToFloat',
  'MatMulNBits',
] as const

/** Operators without a useful derivative: those, and what cuts gradients off. */
const withoutGradient: readonly string[] = [...notDifferentiable, 'Identity']

const names = Object.keys(g.operators) as g.OpName[]
const differentiable = names.filter((op) => !withoutGradient.includes(op))

interface Built {
  readonly graph: g.Graph
  readonly feeds: Readonly<Record<string, Input>>
  readonly outputs: readonly g.Value[]
  /** The float32 inputs. */
  readonly wrt: readonly g.Value[]
}

function build({ inputs, build }: Example, fused = false): Built {
  const graph = g.createGraph('case', { fused })
  const entries = Object.entries(inputs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)])
  const outputs = [build(Object.fromEntries(entries))].flat()
  const used = new Set(graph.nodes.flatMap((node) => node.inputs))
  const wrt = graph.inputs.filter((value) => value.dtype === 'float32' && used.has(value))
  return { graph, feeds: inputs, outputs, wrt }
}

/** A scalar that depends on every element of the values in its own way. */
function weightedSum(values: readonly g.Value[]): g.Value {
  const terms = values.map((value, k) => {
    const weights = Float32Array.from({ length: g.sizeOf(value.shape) }, (_, i) => Math.sin(3 * i + k + 1))
    const weighted = g.mul(value, value.graph.constant(g.float32(g.numericShape('test:', value.shape), weights)))
    return value.shape.length === 0 ? weighted : g.reduceSum(weighted, [...value.shape.keys()])
  })
  return terms.reduce(g.add)
}

/** A scalar whose gradients arrive at the operator as an Expand, which some rules look behind. */
const plainSum = (values: readonly g.Value[]): g.Value =>
  values.map((value) => (value.shape.length === 0 ? value : g.reduceSum(value, [...value.shape.keys()]))).reduce(g.add)

/** d loss / d input by central differences in float64. */
function finiteDifferences({ graph, feeds }: Built, loss: g.Value, input: g.Value): number[] {
  const h = 1e-5
  const { data } = feeds[input.name]
  const lossAt = (i: number, shift: number) => {
    const moved = { ...feeds[input.name], data: data.with(i, data[i] + shift) }
    return interpret(graph, { ...feeds, [input.name]: moved }).get(loss)!.data[0]
  }
  return Array.from(data, (_, i) => (lossAt(i, h) - lossAt(i, -h)) / (2 * h))
}

/** Runs the graph in ONNX Runtime; results in the order of `values`. */
async function run({ graph, feeds }: Built, values: readonly g.Value[]): Promise<NdArray[]> {
  for (const [i, value] of values.entries()) graph.output(`result ${i}`, value)
  const session = await runner.load(g.encodeModel(graph))
  const tensors = Object.entries(feeds).map(([name, input]) => [name, toTensor(input)])
  const results = await session.run(Object.fromEntries(tensors))
  await session.release()
  return values.map((_, i) => {
    const { dims, data } = results[`result ${i}`]
    return { shape: dims, data: Float64Array.from(data as Iterable<number>, Number) }
  })
}

function toTensor({ dtype, shape, data }: Input): g.Tensor {
  if (dtype === 'float32') return g.float32(shape, Float32Array.from(data))
  if (dtype === 'int32') return g.int32(shape, Int32Array.from(data))
  if (dtype === 'bool' || dtype === 'uint8') return g.tensor(dtype, shape, Uint8Array.from(data))
  if (dtype === 'int8') return g.tensor(dtype, shape, Int8Array.from(data))
  return g.tensor('int64', shape, BigInt64Array.from(data, BigInt))
}

/** Elements equal up to `tolerance` times the larger of 1 and the largest element. */
function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  expect(found.length).toBe(expected.length)
  const scale = Math.max(1, ...Array.from(expected, Math.abs))
  const worst = Math.max(...Array.from(found, (value, i) => Math.abs(value - expected[i])))
  expect(worst / scale).toBeLessThan(tolerance)
}

function expectArrays(found: readonly NdArray[], expected: readonly NdArray[], tolerance: number) {
  for (const [i, { shape, data }] of expected.entries()) {
    expect(found[i].shape).toEqual(shape)
    expectClose(found[i].data, data, tolerance)
  }
}

describe('ONNX Runtime computes what the reference computes (2e-6)', () => {
  test.each(names)('%s', async (op) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (draw) => {
        const built = build(cases[op](draw))
        const { graph, feeds, outputs } = built
        expect(graph.nodes.map((node) => node.op)).toContain(op)
        const expected = outputs.map((value) => interpret(graph, feeds).get(value)!)
        for (const [i, { shape }] of expected.entries()) expect(outputs[i].shape).toEqual(shape)
        expectArrays(await run(built, outputs), expected, 2e-6)
      }),
      { numRuns: 10, seed: 1 },
    )
  })
})

describe('gradient rules agree with central differences in float64 (1e-6)', () => {
  test.each(differentiable)('%s', (op) => {
    fc.assert(
      fc.property(fc.gen(), fc.boolean(), fc.boolean(), (draw, fused, weighted) => {
        const built = build(cases[op](draw), fused)
        const loss = weighted ? weightedSum(built.outputs) : plainSum(built.outputs)
        const expected = built.wrt.map((input) => finiteDifferences(built, loss, input))
        const found = g.gradients(loss, built.wrt)
        const values = interpret(built.graph, built.feeds)
        for (const [i, gradient] of found.entries()) expectClose(values.get(gradient)!.data, expected[i], 1e-6)
      }),
      { numRuns: 60, seed: 1 },
    )
  })
})

describe('ONNX Runtime computes the gradients that the reference computes (5e-6)', () => {
  test.each(differentiable)('%s', async (op) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), fc.boolean(), async (draw, fused) => {
        const built = build(cases[op](draw), fused)
        const found = g.gradients(weightedSum(built.outputs), built.wrt)
        const values = interpret(built.graph, built.feeds)
        const expected = found.map((gradient) => values.get(gradient)!)
        for (const [i, { shape }] of expected.entries()) expect(built.wrt[i].shape).toEqual(shape)
        expectArrays(await run(built, found), expected, 5e-6)
      }),
      { numRuns: 10, seed: 1 },
    )
  })
})

describe('functions that are made of several operators', () => {
  const x: Input = { dtype: 'float32', shape: [2, 3], data: Float64Array.of(0.5, -2, 3, 0.25, 1.5, -0.75) }
  const scale: Input = { dtype: 'float32', shape: [3], data: Float64Array.of(2, -1, 0.5) }
  const silu = (a: number) => a / (1 + Math.exp(-a))
  const rms = (i: number) => Math.hypot(...x.data.subarray(3 * i, 3 * i + 3), Math.sqrt(3 * 0.125)) / Math.sqrt(3)

  test.each<[string, Example, readonly number[]]>([
    ['silu', { inputs: { x }, build: ({ x }) => g.silu(x) }, Array.from(x.data, silu)],
    [
      'rmsNormalization',
      { inputs: { x, scale }, build: ({ x, scale }) => g.rmsNormalization(x, scale, 0.125) },
      Array.from(x.data, (a, i) => (a / rms(Math.floor(i / 3))) * scale.data[i % 3]),
    ],
  ])('%s: values (1e-7) and gradients (1e-6)', async (_name, example, expected) => {
    const built = build(example)
    expectClose(interpret(built.graph, built.feeds).get(built.outputs[0])!.data, expected, 1e-7)
    const loss = weightedSum(built.outputs)
    const found = g.gradients(loss, built.wrt)
    const values = interpret(built.graph, built.feeds)
    for (const [i, gradient] of found.entries()) {
      expectClose(values.get(gradient)!.data, finiteDifferences(built, loss, built.wrt[i]), 1e-6)
    }
    expectClose((await run(built, built.outputs))[0].data, expected, 2e-6)
  })
})

test('every operator has a case, and the ones without a gradient are known', () => {
  expect(Object.keys(cases).sort()).toEqual([...names].sort())
})

test.each(notDifferentiable)('%s is not differentiable', (op) => {
  const x = g.createGraph('plain').input('x', 'float32', [2])
  const node = { op, inputs: [x, x], outputs: [x], attributes: {} }
  expect(() => g.operators[op].gradient(node as never, [x], [true, true])).toThrow(
    new RangeError(`${op}: not differentiable`),
  )
})

test('equal maxima share the gradient', () => {
  const graph = g.createGraph('ties')
  const x = graph.input('x', 'float32', [2, 3])
  const [dx] = g.gradients(weightedSum([g.reduceMax(x, [1])]), [x])
  const feeds = { x: { shape: [2, 3], data: Float64Array.of(5, 1, 5, 2, 2, 2) } }
  const [a, b] = [Math.sin(1) / 2, Math.sin(4) / 3]
  expectClose(interpret(graph, feeds).get(dx)!.data, [a, 0, a, b, b, b], 1e-7)
})
