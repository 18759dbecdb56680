import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createIntegerLinear, MOST_TERMS } from '../../src/families/integer-linear.js'
import {
  createGraph,
  encodeModel,
  float32,
  type Graph,
  gradients,
  mul,
  pullBack,
  reduceSum,
  relu,
  scalar,
  tensor,
} from '../../src/graph/index.js'
import { hasExactIntegers } from '../exact-integers.js'
import { randomFrom } from '../search/ticket-fixture.js'

const [N, K, M] = [19, 37, 21]
const SCALE = 0.05

const weightInputs = (graph: Graph, d: number, m: number) => ({
  weight: graph.input('W', 'float32', [d, m]),
  codes: graph.input('codes', 'int8', [d, m]),
  transposed: graph.input('transposed', 'int8', [m, d]),
  scale: graph.input('scale', 'float32', []),
})

async function load(rectified: boolean) {
  const graph = createGraph('linear')
  const input = graph.input('x', 'float32', [N, K])
  const x = rectified ? relu(input) : input
  const weight = weightInputs(graph, K, M)
  const y = graph.output('y', createIntegerLinear()(x, weight))
  const [dx, dW] = pullBack([[y, graph.input('dy', 'float32', [N, M])]], [x, weight.weight])
  graph.output('dx', dx)
  graph.output('dW', dW)
  return createGraphRunner({ threads: 1 }).load(encodeModel(graph))
}

const random = randomFrom(7)
const codes = Int8Array.from({ length: K * M }, () => Math.floor(random() * 3) - 1)
const transposed = Int8Array.from({ length: K * M }, (_, i) => codes[(i % K) * M + Math.floor(i / K)])
const noise = (count: number, size = 1) => Float32Array.from({ length: count }, () => (random() + random() - 1) * size)

async function run(x: Float32Array, dy: Float32Array, rectified = false) {
  const loaded = await load(rectified)
  const results = await loaded.run({
    x: float32([N, K], x),
    dy: float32([N, M], dy),
    W: float32([K, M], new Float32Array(K * M)),
    codes: tensor('int8', [K, M], codes),
    transposed: tensor('int8', [M, K], transposed),
    scale: float32([], Float32Array.of(SCALE)),
  })
  await loaded.release()
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
}

/** The three products in float64. */
function exact(x: Float32Array, dy: Float32Array) {
  const weight = (k: number, m: number) => codes[k * M + m] * SCALE
  const sum = (count: number, term: (i: number) => number) => {
    let total = 0
    for (let i = 0; i < count; i++) total += term(i)
    return total
  }
  const table = (rows: number, columns: number, at: (r: number, c: number) => number) =>
    Float64Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns))
  return {
    y: table(N, M, (n, m) => sum(K, (k) => x[n * K + k] * weight(k, m))),
    dx: table(N, K, (n, k) => sum(M, (m) => dy[n * M + m] * weight(k, m))),
    dW: table(K, M, (k, m) => sum(N, (n) => x[n * K + k] * dy[n * M + m])),
  }
}

function relativeError(found: Float32Array, expected: Float64Array): number {
  const squares = (values: Iterable<number>) => [...values].reduce((total, value) => total + value * value, 0)
  return Math.sqrt(squares(expected.map((value, i) => found[i] - value)) / squares(expected))
}

describe.skipIf(!hasExactIntegers)('linear maps of 8-bit integers', () => {
  test.each([false, true])('products are within a fiftieth of the exact ones, behind a Relu: %s', async (rectified) => {
    const [x, dy] = [noise(N * K), noise(N * M, 1e-4)]
    // Rows of very different sizes: each has a scale of its own.
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k++) x[n * K + k] *= 2 ** (n % 7)
      for (let m = 0; m < M; m++) dy[n * M + m] *= 2 ** -(n % 5)
    }
    const found = await run(x, dy, rectified)
    const expected = exact(rectified ? x.map((value) => Math.max(0, value)) : x, dy)
    for (const name of ['y', 'dx', 'dW'] as const) {
      const error = relativeError(found[name], expected[name])
      expect(error, name).toBeLessThan(0.02)
      expect(error, name).toBeGreaterThan(1e-4) // it is rounded
    }
  })

  test('numbers that are multiples of their scales lose nothing', async () => {
    const x = Float32Array.from({ length: N * K }, (_, i) => (i % K === 0 ? 127 : ((i * 31) % 255) - 127))
    const dy = Float32Array.from({ length: N * M }, (_, i) => (i % M === 0 ? 127 : ((i * 17) % 255) - 127))
    const found = await run(x, dy)
    const expected = exact(x, dy)
    for (const name of ['y', 'dx', 'dW'] as const) expect(relativeError(found[name], expected[name])).toBeLessThan(1e-6)
  })

  test('zeros give zeros', async () => {
    const zeros = await run(new Float32Array(N * K), noise(N * M))
    expect(zeros.y.every((value) => value === 0)).toBe(true)
    expect(zeros.dW.every((value) => value === 0)).toBe(true)
    expect((await run(noise(N * K), new Float32Array(N * M))).dx.every((value) => value === 0)).toBe(true)
  })

  test('huge numbers are no more wrong than others, and nothing is clipped', async () => {
    const [x, dy] = [noise(N * K, 1e25), noise(N * M, 1e10)]
    const found = await run(x, dy)
    const expected = exact(x, dy)
    for (const name of ['y', 'dx', 'dW'] as const) expect(relativeError(found[name], expected[name])).toBeLessThan(0.02)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d in a row is not rounded away', async (bad) => {
    const x = noise(N * K)
    x[2 * K + 5] = bad
    const { y } = await run(x, noise(N * M))
    expect(y.subarray(2 * M, 3 * M).some(Number.isNaN)).toBe(true)
    expect(y.subarray(0, 2 * M).every(Number.isFinite)).toBe(true)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d in a gradient is not rounded away either', async (bad) => {
    const dy = noise(N * M)
    dy[2 * M + 5] = bad
    const { dx, dW } = await run(noise(N * K), dy)
    expect(dx.subarray(2 * K, 3 * K).every(Number.isFinite)).toBe(false)
    expect(dx.subarray(0, 2 * K).every(Number.isFinite)).toBe(true)
    expect(dW.every(Number.isNaN)).toBe(true)
  })

  test.each([
    ['tokens', [MOST_TERMS + 1, 2], [2, 2]],
    ['inputs', [2, MOST_TERMS + 1], [MOST_TERMS + 1, 2]],
    ['outputs', [2, 2], [2, MOST_TERMS + 1]],
  ] as const)('sums over more %s than 32 bits hold are refused', (_of, x, [d, m]) => {
    const graph = createGraph('long')
    const weight = weightInputs(graph, d, m)
    const product = (shape: readonly number[]) => createIntegerLinear()(graph.input('x', 'float32', shape), weight)
    expect(() => product(x)).toThrow('"W" expected sums of at most 66311 products in int8, got 66312')
  })

  test('the longest sum of the largest products that is taken is right', async () => {
    const graph = createGraph('longest')
    const weight = weightInputs(graph, 1, 1)
    const x = relu(graph.input('x', 'float32', [MOST_TERMS, 1]))
    const y = createIntegerLinear()(x, weight)
    const [dW] = pullBack([[y, graph.input('dy', 'float32', [MOST_TERMS, 1])]], [weight.weight])
    graph.output('dW', dW)
    const loaded = await createGraphRunner({ threads: 1 }).load(encodeModel(graph))
    const ones = float32([MOST_TERMS, 1], new Float32Array(MOST_TERMS).fill(1))
    const one = tensor('int8', [1, 1], Int8Array.of(1))
    const weights = { W: float32([1, 1], Float32Array.of(1)), codes: one, transposed: one }
    const results = await loaded.run({ x: ones, dy: ones, ...weights, scale: float32([], Float32Array.of(1)) })
    const found = results.dW.data[0]
    await loaded.release()
    expect(Math.abs(Number(found) / MOST_TERMS - 1)).toBeLessThan(1e-6)
    expect((MOST_TERMS + 1) * 255 * 127).toBeGreaterThanOrEqual(2 ** 31) // one more may not fit
  })
})

describe('a gradient of its own', () => {
  test('takes the place of the rules of the nodes that made the value', () => {
    const graph = createGraph('custom')
    const x = graph.input('x', 'float32', [3])
    const y = mul(mul(x, x), x)
    const seen: (readonly boolean[])[] = []
    const rule = (dy: typeof x, wanted: readonly boolean[]) => {
      seen.push(wanted)
      return [mul(dy, scalar(dy, 7))]
    }
    graph.differentiate(y, { inputs: [x], rule })
    const [dx] = gradients(reduceSum(y, [0]), [x])
    expect(seen).toEqual([[true]])
    expect(graph.producer(dx)?.inputs[1].constant?.data).toEqual(Float32Array.of(7))
    expect(() => graph.differentiate(x, { inputs: [], rule })).toThrow('the one output of a node of graph custom')
  })
})
