import { fromBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberFor } from '../../src/graph/dimension.js'
import * as g from '../../src/graph/index.js'
import { ModelProtoSchema } from '../../src/graph/proto/onnx_pb.js'
import { cases, type Example } from './cases.js'
import { interpret } from './reference.js'
import type { NdArray } from './reference-arrays.js'
import { runner } from './run-graph.js'

const graph = g.createGraph('open')
let made = 0
const value = (shape: g.SymbolicShape, dtype: g.DType = 'float32') => graph.input(`x${made++}`, dtype, shape)
const x = value(['batch', 'sequence', 12])
const heads = value(['batch', 3, 'sequence', 4])
const cached = value(['batch', 3, 'past', 4])
const table = value([1024, 12])

describe('names pass through', () => {
  test.each<[string, () => g.Value, g.SymbolicShape]>([
    ['sums of equal names', () => g.add(x, x), ['batch', 'sequence', 12]],
    ['broadcasts', () => g.mul(x, value(['sequence', 1])), ['batch', 'sequence', 12]],
    ['choices', () => g.where(value(['sequence', 'past'], 'bool'), value([]), value([])), ['sequence', 'past']],
    ['functions of elements', () => g.gelu(x, 'tanh'), ['batch', 'sequence', 12]],
    ['softmax along a name', () => g.softmax(x, 1), ['batch', 'sequence', 12]],
    ['layerNormalization', () => g.layerNormalization(x, value([12]), value([12]), 1e-5), ['batch', 'sequence', 12]],
    ['rmsNormalization', () => g.rmsNormalization(x, value([12]), 1e-5), ['batch', 'sequence', 12]],
    ['products with a matrix', () => g.matMul(x, value([12, 5])), ['batch', 'sequence', 5]],
    [
      'products over a name',
      () => g.matMul(heads, g.transpose(heads, [0, 1, 3, 2])),
      ['batch', 3, 'sequence', 'sequence'],
    ],
    ['gemm', () => g.gemm(value(['rows', 4]), value(['n', 4]), { transB: true }), ['rows', 'n']],
    ['transpose', () => g.transpose(heads, [0, 2, 1, 3]), ['batch', 'sequence', 3, 4]],
    ['gather', () => g.gather(table, value(['batch', 'sequence'], 'int64')), ['batch', 'sequence', 12]],
    ['split of a number', () => g.split(x, -1, [5, 7])[1], ['batch', 'sequence', 7]],
    ['slice beside a name', () => g.slice(x, 2, 1, 4), ['batch', 'sequence', 3]],
    ['concat of names is a sum', () => g.concat([heads, cached], 2), ['batch', 3, 'past + sequence', 4]],
    ['concat of a name and a number', () => g.concat([x, value(['batch', 1, 12])], 1), ['batch', 'sequence + 1', 12]],
    ['reductions', () => g.reduceMax(x, [1]), ['batch', 12]],
    ['reductions that keep axes', () => g.reduceSum(x, [0, 2], true), [1, 'sequence', 1]],
    ['reshape: heads', () => g.reshape(x, ['batch', 'sequence', 3, 4]), ['batch', 'sequence', 3, 4]],
    ['reshape: 0 copies', () => g.reshape(x, [0, 0, 3, 4]), ['batch', 'sequence', 3, 4]],
    ['reshape: -1 is what is left', () => g.reshape(x, [-1, 12]), ['batch * sequence', 12]],
    [
      'reshape: -1 after a sum',
      () => g.reshape(g.concat([heads, cached], 2), [0, -1, 0, 2]),
      ['batch', 6, 'past + sequence', 2],
    ],
    ['reshape: a product', () => g.reshape(x, ['sequence * batch', 12]), ['batch * sequence', 12]],
    ['expand', () => g.expand(value(['sequence', 1]), ['batch', 'sequence', 2]), ['batch', 'sequence', 2]],
    ['slice to a name', () => g.slice(table, 0, 0, 'sequence'), ['sequence', 12]],
    ['slice between names', () => g.slice(table, 0, 'past', 'sequence + past'), ['sequence', 12]],
    ['slice of a name', () => g.slice(x, 1, 1, 'sequence'), ['batch', 'sequence - 1', 12]],
    ['slice of a sum', () => g.slice(g.concat([heads, cached], 2), 2, 0, 'past'), ['batch', 3, 'past', 4]],
    ['range', () => g.range(x, 'past', 'past + sequence'), ['sequence']],
    ['range of numbers', () => g.range(x, 2, 7), [5]],
    ['comparisons', () => g.lessOrEqual(g.range(x, 0, 'past'), value(['sequence', 1], 'int64')), ['sequence', 'past']],
    ['zeros', () => g.zeros(x, ['batch', 2]), ['batch', 2]],
    [
      'looked-up elements',
      () => g.gatherElements(x, value(['batch', 'sequence', 1], 'int32'), 2),
      ['batch', 'sequence', 1],
    ],
  ])('%s', (_name, build, shape) => {
    expect(build().shape).toEqual(shape)
  })
})

describe('names that do not fit are refused', () => {
  test.each<[string, () => unknown]>([
    ['Add: shapes do not broadcast, [batch,sequence,12] and [past,12]', () => g.add(x, value(['past', 12]))],
    ['Add: shapes do not broadcast, [batch] and [3]', () => g.add(value(['batch']), value([3]))],
    ['MatMul: inner dimensions differ, [3,batch] x [past,2]', () => g.matMul(value([3, 'batch']), value(['past', 2]))],
    [
      'Concat: shapes differ off axis 0, [1,past] and [1,batch]',
      () => g.concat([value([1, 'past']), value([1, 'batch'])], 0),
    ],
    ['Split: parts [1,2] do not make axis 0 of [batch]', () => g.split(value(['batch']), 0, [1, 2])],
    ['Slice: 0 to 3 leaves axis 1 of [batch,sequence,12]', () => g.slice(x, 1, 0, 3)],
    ['Slice: past + 1 to past leaves axis 0 of [1024,12]', () => g.slice(table, 0, 'past + 1', 'past')],
    ['Slice: 0 to past + 1 leaves axis 2 of [batch,3,past,4]', () => g.slice(cached, 2, 0, 'past + 1')],
    ['Reshape: [batch,sequence,12] does not fill [batch,12]', () => g.reshape(x, ['batch', 12])],
    ['Reshape: [batch,sequence,12] does not fill [past,12]', () => g.reshape(x, ['past', 12])],
    ['Reshape: [batch,sequence,12] does not fill [-1,5]', () => g.reshape(x, [-1, 5])],
    ['Reshape: [batch,sequence,12] does not fill [batch,sequence,12,0]', () => g.reshape(x, [0, 0, 0, 0])],
    ['Reshape: [batch,sequence,12] does not fill [-1,-1]', () => g.reshape(x, [-1, -1])],
    ['Expand: shapes do not broadcast, [sequence] and [past]', () => g.expand(value(['sequence']), ['past'])],
    ['Range: expected start <= limit, got 3 and 1', () => g.range(x, 3, 1)],
    ['graph open: no input has an axis of length nobody', () => g.lengthOf(x, '2 * nobody + batch')],
    ['lengthOf expected an integer >= 0 or names, such as batch or a + b, got a,b', () => g.lengthOf(x, 'a,b')],
    [
      'graph open: input y expected an integer >= 0 or names, such as batch or a + b, got -1',
      () => graph.input('y', 'float32', [-1]),
    ],
    ['"shape" expected lengths that are numbers, got [batch,2]', () => g.sizeOf(['batch', 2])],
    [
      'ReduceMean: the gradient expected lengths that are numbers, got [batch]',
      () => {
        const row = value(['batch'])
        g.gradients(g.reduceMean(row, [0]), [row])
      },
    ],
    ['graph open: two inputs named x0', () => graph.input('x0', 'float32', ['batch'])],
  ])('%s', (message, build) => {
    expect(build).toThrow(new RangeError(message))
  })

  test('a length that only a run decides, where a number is needed', () => {
    const axes = g.shapeOf(value(['batch', 2]))
    expect(() => graph.apply('Split', [value([4]), axes], { axis: 0 })).toThrow(
      new RangeError('Split: expected lengths that are numbers, got [batch,2]'),
    )
  })
})

test('the model file names open lengths', () => {
  const graph = g.createGraph('named')
  const [a, b] = [graph.input('a', 'float32', ['past', 2]), graph.input('b', 'float32', ['new', 2])]
  graph.output('y', g.concat([a, b], 0))
  const written = fromBinary(ModelProtoSchema, g.encodeModel(graph)).graph!
  const dims = [...written.input, ...written.output].map(({ type }) =>
    type?.value.case === 'tensorType' ? type.value.value.shape?.dim.map(({ value }) => [value.case, value.value]) : [],
  )
  const two = ['dimValue', 2n]
  expect(dims).toEqual([
    [['dimParam', 'past'], two],
    [['dimParam', 'new'], two],
    [['dimParam', 'new + past'], two],
  ])
})

const asTensor = ({ shape, data, dtype = 'float32' }: NdArray & { dtype?: g.DType }): g.Tensor => {
  if (dtype === 'float32') return g.float32(shape, Float32Array.from(data))
  if (dtype === 'int32') return g.int32(shape, Int32Array.from(data))
  if (dtype === 'bool' || dtype === 'uint8') return g.tensor(dtype, shape, Uint8Array.from(data))
  if (dtype === 'int8') return g.tensor(dtype, shape, Int8Array.from(data))
  return g.tensor('int64', shape, BigInt64Array.from(data, BigInt))
}

async function runAll(graph: g.Graph, feeds: Readonly<Record<string, NdArray & { dtype?: g.DType }>>) {
  const session = await runner.load(g.encodeModel(graph))
  const tensors = Object.entries(feeds).map(([name, input]) => [name, asTensor(input)])
  const results = await session.run(Object.fromEntries(tensors))
  await session.release()
  return results
}

/** The example over inputs whose lengths have names (equal lengths the same one), or undefined where it needs numbers. */
function renamed({ inputs, build }: Example) {
  const graph = g.createGraph('renamed')
  const name = (length: number) => (length > 1 ? `n${length}` : length)
  const values = Object.entries(inputs).map(([key, { dtype, shape }]) => [
    key,
    graph.input(key, dtype, shape.map(name)),
  ])
  try {
    return { graph, outputs: [build(Object.fromEntries(values))].flat() }
  } catch (error) {
    if (error instanceof RangeError) return undefined // an example holds numbers of its own: a target shape, bounds, a row of ones
    throw error
  }
}

const lengthOfName = (name: string) => Number(name.slice(1))

describe('shapes and results with names are those with numbers (2e-6)', () => {
  test.each(Object.keys(cases) as g.OpName[])('%s', async (op) => {
    let tried = 0
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (draw) => {
        const example = cases[op](draw)
        const built = renamed(example)
        if (built === undefined) return
        tried += 1
        for (const [i, output] of built.outputs.entries()) built.graph.output(`y${i}`, output)
        const expected = interpret(built.graph, example.inputs)
        const results = await runAll(built.graph, example.inputs)
        for (const [i, output] of built.outputs.entries()) {
          const { shape, data } = expected.get(output)!
          expect(output.shape.map((length) => numberFor(length, lengthOfName))).toEqual(shape)
          expect(results[`y${i}`].dims).toEqual(shape)
          const scale = Math.max(1, ...data.map(Math.abs))
          for (const [k, number] of data.entries()) {
            expect(Math.abs(Number(results[`y${i}`].data[k]) - number) / scale).toBeLessThan(2e-6)
          }
        }
      }),
      { numRuns: 8, seed: 2 },
    )
    expect(tried).toBeGreaterThan(0)
  })
})
