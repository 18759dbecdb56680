import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'
import { runGraph } from './run-graph.js'

/** The elements of a row-major array of this shape, from a function of the index. */
function fill(shape: readonly number[], at: (index: number[]) => number): Float32Array {
  const strides = shape.map((_, i) => g.sizeOf(shape.slice(i + 1)))
  return Float32Array.from({ length: g.sizeOf(shape) }, (_, flat) =>
    at(shape.map((length, i) => Math.floor(flat / strides[i]) % length)),
  )
}

/** Reads a row-major array; dimensions of length 1 broadcast, as do missing leading ones. */
function reader({ dims, data }: g.Tensor): (...index: number[]) => number {
  return (...index) => {
    const own = index.slice(index.length - dims.length)
    return Number(data[dims.reduce((flat, length, i) => flat * length + (length === 1 ? 0 : own[i]), 0)])
  }
}

/** A float32 tensor of fixed, irregular numbers in (-3, 3). */
const sample = (...dims: number[]) =>
  g.float32(
    dims,
    fill(dims, (index) => 3 * Math.sin(7 * index.reduce((a, i) => 5 * a + i, 1))),
  )

function expectTensor(
  found: g.Tensor & { shape: readonly number[] },
  shape: number[],
  at: (index: number[]) => number,
) {
  expect(found.shape).toEqual(shape)
  expect(found.dims).toEqual(shape)
  const expected = fill(shape, at)
  for (const [i, value] of expected.entries()) expect(Number(found.data[i])).toBeCloseTo(value, 5)
}

describe('operators through ONNX Runtime equal plain TypeScript (1e-5)', () => {
  test.each([
    ['Add', g.add, (a: number, b: number) => a + b],
    ['Sub', g.sub, (a: number, b: number) => a - b],
    ['Mul', g.mul, (a: number, b: number) => a * b],
    ['Div', g.div, (a: number, b: number) => a / b],
  ])('%s, broadcasting', async (_name, op, plain) => {
    const [a, b] = [sample(2, 1, 3), sample(4, 1)]
    const y = await runGraph({ a, b }, (v) => op(v.a, v.b))
    expectTensor(y, [2, 4, 3], (index) => plain(reader(a)(...index), reader(b)(...index)))
  })

  test('Add with a scalar constant', async () => {
    const a = sample(2, 3)
    const y = await runGraph({ a }, (v) => g.add(v.a, g.scalar(v.a, 0.25)))
    expectTensor(y, [2, 3], (index) => reader(a)(...index) + 0.25)
  })

  test('Where', async () => {
    const [a, b] = [sample(2, 3), sample(1, 3)]
    const condition = g.tensor('bool', [2, 1], Uint8Array.of(1, 0))
    const y = await runGraph({ condition, a, b }, (v) => g.where(v.condition, v.a, v.b))
    expectTensor(y, [2, 3], (index) => reader(index[0] === 0 ? a : b)(...index))
  })

  test('MatMul, leading dimensions broadcasting', async () => {
    const [a, b] = [sample(2, 3, 4), sample(4, 5)]
    const y = await runGraph({ a, b }, (v) => g.matMul(v.a, v.b))
    expectTensor(y, [2, 3, 5], ([i, r, c]) =>
      [0, 1, 2, 3].reduce((sum, k) => sum + reader(a)(i, r, k) * reader(b)(k, c), 0),
    )
  })

  test('Relu', async () => {
    const x = sample(3, 4)
    const y = await runGraph({ x }, (v) => g.relu(v.x))
    expectTensor(y, [3, 4], (index) => Math.max(0, reader(x)(...index)))
  })

  test('Gelu, tanh', async () => {
    const x = sample(3, 4)
    const y = await runGraph({ x }, (v) => g.gelu(v.x, 'tanh'))
    expectTensor(y, [3, 4], (index) => {
      const t = reader(x)(...index)
      return 0.5 * t * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (t + 0.044715 * t ** 3)))
    })
  })

  test('Gelu, exact', async () => {
    const x = sample(3, 4)
    const y = await runGraph({ x }, (v) => g.gelu(v.x, 'none'))
    expectTensor(y, [3, 4], (index) => {
      const t = reader(x)(...index)
      return 0.5 * t * (1 + erf(t / Math.SQRT2))
    })
  })

  test.each([-1, 1])('Softmax along axis %i, with a masked entry', async (axis) => {
    const x = sample(2, 3, 4)
    x.data[1] = Number.NEGATIVE_INFINITY
    const y = await runGraph({ x }, (v) => g.softmax(v.x, axis))
    expectTensor(y, [2, 3, 4], ([i, j, k]) => {
      const line = axis === 1 ? [0, 1, 2].map((r) => reader(x)(i, r, k)) : [0, 1, 2, 3].map((c) => reader(x)(i, j, c))
      return Math.exp(reader(x)(i, j, k)) / line.reduce((sum, value) => sum + Math.exp(value), 0)
    })
  })

  test('LayerNormalization', async () => {
    const [x, scale, bias] = [sample(2, 3, 4), sample(4), sample(1, 4)]
    const feeds = { x, scale, bias: g.float32([4], bias.data) }
    const y = await runGraph(feeds, (v) => g.layerNormalization(v.x, v.scale, v.bias, 0.1))
    expectTensor(y, [2, 3, 4], ([i, j, k]) => {
      const row = [0, 1, 2, 3].map((c) => reader(x)(i, j, c))
      const mean = row.reduce((sum, value) => sum + value) / 4
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4
      return ((row[k] - mean) / Math.sqrt(variance + 0.1)) * scale.data[k] + bias.data[k]
    })
  })

  test.each(['int32', 'int64'] as const)('Gather by %s', async (dtype) => {
    const x = sample(3, 2)
    const picks = [2, 0, 2, 1]
    const indices =
      dtype === 'int32'
        ? g.int32([2, 2], Int32Array.from(picks))
        : g.tensor('int64', [2, 2], BigInt64Array.from(picks, BigInt))
    const y = await runGraph({ x, indices }, (v) => g.gather(v.x, v.indices))
    expectTensor(y, [2, 2, 2], ([i, j, k]) => reader(x)(picks[2 * i + j], k))
  })

  test('Gather along the last axis', async () => {
    const x = sample(2, 3)
    const indices = g.int32([2], Int32Array.of(2, 1))
    const y = await runGraph({ x, indices }, (v) => g.gather(v.x, v.indices, -1))
    expectTensor(y, [2, 2], ([i, j]) => reader(x)(i, 2 - j))
  })

  test('Slice', async () => {
    const x = sample(2, 5)
    const y = await runGraph({ x }, (v) => g.slice(v.x, 1, 2, 4))
    expectTensor(y, [2, 2], ([i, j]) => reader(x)(i, j + 2))
  })

  test('Split', async () => {
    const x = sample(2, 6)
    const y = await runGraph({ x }, (v) => g.split(v.x, -1, [1, 3, 2])[1])
    expectTensor(y, [2, 3], ([i, j]) => reader(x)(i, j + 1))
  })

  test('Concat', async () => {
    const [a, b] = [sample(2, 1), sample(2, 3)]
    const y = await runGraph({ a, b }, (v) => g.concat([v.a, v.b], 1))
    expectTensor(y, [2, 4], ([i, j]) => (j < 1 ? reader(a)(i, j) : reader(b)(i, j - 1)))
  })

  test('Transpose', async () => {
    const x = sample(2, 3, 4)
    const y = await runGraph({ x }, (v) => g.transpose(v.x, [2, 0, 1]))
    expectTensor(y, [4, 2, 3], ([i, j, k]) => reader(x)(j, k, i))
  })

  test('Reshape', async () => {
    const x = sample(2, 6)
    const y = await runGraph({ x }, (v) => g.reshape(v.x, [3, 4]))
    expectTensor(y, [3, 4], ([i, j]) => x.data[4 * i + j])
  })
})

test('split parts concatenate to the whole', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(lengths, async (parts) => {
      const x = sample(
        3,
        parts.reduce((a, b) => a + b),
      )
      const y = await runGraph({ x }, (v) => g.concat(g.split(v.x, 1, parts), 1))
      expect(y.data).toEqual(x.data)
    }),
    { numRuns: 20 },
  )
})

/** The error function by its Maclaurin series: accurate to float64 rounding for |x| < 3. */
function erf(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
