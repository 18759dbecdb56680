import { expect, test } from 'vitest'
import * as g from '../../src/graph/index.js'

const graph = g.createGraph('errors')
let made = 0
const value = (shape: number[], dtype: g.DType = 'float32') => graph.input(`x${made++}`, dtype, shape)

test.each<[string, () => unknown]>([
  ['MatMul: inner dimensions differ, [2,3] x [4,5]', () => g.matMul(value([2, 3]), value([4, 5]))],
  ['MatMul: expected matrices, [3] x [3,5]', () => g.matMul(value([3]), value([3, 5]))],
  ['MatMul: shapes do not broadcast, [2] and [3]', () => g.matMul(value([2, 1, 4]), value([3, 4, 1]))],
  ['Add: shapes do not broadcast, [2,3] and [4]', () => g.add(value([2, 3]), value([4]))],
  ['Sub: shapes do not broadcast, [2,3] and [3,3]', () => g.sub(value([2, 3]), value([3, 3]))],
  ['Where: shapes do not broadcast, [2] and [3]', () => g.where(value([2], 'bool'), value([3]), value([3]))],
  ['Softmax: no axis 2 in [2,3]', () => g.softmax(value([2, 3]), 2)],
  [
    'LayerNormalization: bias expected [3], got [2]',
    () => g.layerNormalization(value([2, 3]), value([3]), value([2]), 1e-5),
  ],
  ['Gather: no axis -2 in [2]', () => g.gather(value([2]), value([1], 'int32'), -2)],
  ['Slice: 1 to 4 leaves axis 1 of [2,3]', () => g.slice(value([2, 3]), 1, 1, 4)],
  ['Split: parts [1,1] do not make axis 1 of [2,3]', () => g.split(value([2, 3]), 1, [1, 1])],
  ['Concat: shapes differ off axis 0, [2,3] and [2,4]', () => g.concat([value([2, 3]), value([2, 4])], 0)],
  ['Transpose: [0,0] does not order the axes of [2,3]', () => g.transpose(value([2, 3]), [0, 0])],
  ['Reshape: [2,3] does not fill [4]', () => g.reshape(value([2, 3]), [4])],
  ['Gemm: expected two axes, [2,3,4] x [4,5]', () => g.gemm(value([2, 3, 4]), value([4, 5]))],
  ['Gemm: inner dimensions differ, [2,3] x [3,5]', () => g.gemm(value([2, 3]), value([3, 5]), { transA: true })],
  [
    'FusedMatMul: inner dimensions differ, [2,3] x [3,5]',
    () => g.fusedMatMul(value([2, 3]), value([3, 5]), { transB: true }),
  ],
  ['ReduceSum: no axis 2 in [2,3]', () => g.reduceSum(value([2, 3]), [2])],
  ['ReduceMax: expected at least one axis', () => g.reduceMax(value([2, 3]), [])],
  ['Expand: shapes do not broadcast, [2,3] and [3,3]', () => g.expand(value([2, 3]), [3, 3])],
  [
    'GatherElements: indices [3,1] do not fit [2,3] off axis 1',
    () => g.gatherElements(value([2, 3]), value([3, 1], 'int32'), 1),
  ],
  [
    'ScatterElements: indices and updates differ, [2,1] and [2]',
    () => g.scatterElements(value([2, 3]), value([2, 1], 'int32'), value([2]), 1, 'add'),
  ],
  [
    'Relu: y belongs to graph other',
    () => graph.apply('Relu', [g.createGraph('other').input('y', 'float32', [1])], {}),
  ],
  [
    'Range: expected steps of 1, got 2',
    () => {
      const two = graph.constant(g.tensor('int64', [], BigInt64Array.of(2n)))
      graph.apply('Range', [two, two, two], {})
    },
  ],
  ['graph errors: two inputs named twice', () => [0, 1].map(() => graph.input('twice', 'float32', []))],
  ['graph errors: two outputs named out', () => [0, 1].map(() => graph.output('out', value([])))],
  ['"data" expected 6 elements for [2,3], got 5', () => g.float32([2, 3], new Float32Array(5))],
  ['"dims" expected integers >= 0, got [-1]', () => g.float32([-1], new Float32Array(5))],
])('%s', (message, build) => {
  expect(build).toThrow(new RangeError(message))
})

test.each<[string, RegExp, () => unknown]>([
  ['arithmetic on mixed types', /^Add: x\d+ expected float32, got int32$/, () => g.add(value([]), value([], 'int32'))],
  ['arithmetic on booleans', /^Mul: x\d+ expected .*, got bool$/, () => g.mul(value([], 'bool'), value([], 'bool'))],
  ['a float index', /^Gather: x\d+ expected int32 or int64, got float32$/, () => g.gather(value([2]), value([1]))],
  [
    'numbers that are no truths',
    /^And: x\d+ expected bool, got int32$/,
    () => g.and(value([], 'bool'), value([], 'int32')),
  ],
  [
    'a length that is not known',
    /^Range: x\d+ expected an int64 constant$/,
    () => graph.apply('Range', [value([], 'int64'), value([], 'int64'), value([], 'int64')], {}),
  ],
  ['a float condition', /^Where: x\d+ expected bool/, () => g.where(value([]), value([]), value([]))],
  [
    'a shape that is not constant',
    /^Reshape: x\d+ expected an int64 constant$/,
    () => graph.apply('Reshape', [value([2]), value([1], 'int64')], {}),
  ],
])('TypeError for %s', (_name, message, build) => {
  expect(build).toThrow(TypeError)
  expect(build).toThrow(message)
})
