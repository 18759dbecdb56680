import { create, fromBinary } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { createGraph, encodeModel, matMul, transpose } from '../../src/graph/index.js'
import { ModelProtoSchema, OperatorSetIdProtoSchema } from '../../src/graph/proto/onnx_pb.js'
import { onnxFile } from '../../src/interop/onnx-file.js'
import { BLOCK, type LinearMap, quantise, quantiseProducts } from '../../src/interop/quantised-product.js'
import { generateWeights } from '../../src/random/index.js'
import { farthest } from '../vectors/pytorch/open.js'
import { floats, loadOnnx } from './output.js'

const normal = (stream: number, count: number) =>
  generateWeights({ seed: 3, stream, init: { kind: 'normal', std: 1 }, count })

/** The definition: every weight to the nearest of the block's 2^bits levels, by plain search. */
function dequantised({ data, inputs, outputs, stored }: LinearMap, bits: number): Float64Array {
  const levels = Array.from({ length: 2 ** bits }, (_, q) => q - 2 ** (bits - 1))
  const at = (k: number, n: number) => (stored === 'in-out' ? k * outputs + n : n * inputs + k)
  const matrix = new Float64Array(inputs * outputs) // [in, out]
  for (let n = 0; n < outputs; n++) {
    for (let first = 0; first < inputs; first += BLOCK) {
      const rows = Array.from({ length: Math.min(BLOCK, inputs - first) }, (_, i) => first + i)
      const values = rows.map((k) => data[at(k, n)])
      const extreme = values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
      const scale = Math.fround(-extreme / 2 ** (bits - 1))
      for (const [i, k] of rows.entries()) {
        const nearest = levels.reduce((best, level) =>
          Math.abs(level * scale - values[i]) < Math.abs(best * scale - values[i]) ? level : best,
        )
        matrix[k * outputs + n] = nearest * scale
      }
    }
  }
  return matrix
}

describe.each([4, 8] as const)('%i bits', (bits) => {
  test.each([
    ['in-out', 64, 5],
    ['in-out', 50, 7], // a last block that is not full
    ['out-in', 33, 4],
  ] as const)('%s %i x %i: ONNX Runtime computes with the dequantised weights', async (stored, inputs, outputs) => {
    const map: LinearMap = { data: normal(1, inputs * outputs), inputs, outputs, stored }
    const isTurned = stored === 'out-in'
    const shape = isTurned ? [outputs, inputs] : [inputs, outputs]
    const graph = createGraph('test')
    const w0 = graph.input('w', 'float32', shape)
    graph.output('y', matMul(graph.input('x', 'float32', ['rows', inputs]), isTurned ? transpose(w0, [1, 0]) : w0))
    const model = fromBinary(ModelProtoSchema, encodeModel(graph))
    const { initializers, replaced } = quantiseProducts(model.graph!, new Map([['w', { shape, data: map.data }]]), bits)
    expect([...replaced]).toEqual(['w'])
    model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }))
    const { run } = await loadOnnx(onnxFile('q.onnx', model, initializers))
    const x = normal(2, 3 * inputs)
    const w = dequantised(map, bits)
    const expected = Float64Array.from({ length: 3 * outputs }, (_, i) => {
      const [row, n] = [Math.floor(i / outputs), i % outputs]
      let sum = 0
      for (let k = 0; k < inputs; k++) sum += x[row * inputs + k] * w[k * outputs + n]
      return sum
    })
    const { y } = await run({ x: floats([3, inputs], x) })
    expect(farthest(y, expected)).toBeLessThan(1e-5)
  })

  test('zeros stay zeros; the largest weight of a block is kept', () => {
    const data = new Float32Array(64)
    data[5] = -0.75
    data[40] = 3
    const { packed, scales } = quantise({ data, inputs: 64, outputs: 1, stored: 'in-out' }, bits)
    const zero = 2 ** (bits - 1)
    const q = (i: number) => (bits === 8 ? packed[i] : i & 1 ? packed[i >> 1] >> 4 : packed[i >> 1] & 15)
    expect(Array.from({ length: 64 }, (_, i) => (q(i) - zero) * scales[Math.floor(i / 32)] + 0)).toEqual([...data])
  })
})

test('a block of zeros alone has no scale and stays zero', () => {
  const { packed, scales } = quantise({ data: new Float32Array(32), inputs: 32, outputs: 1, stored: 'in-out' }, 4)
  expect([...scales]).toEqual([0])
  expect([...packed]).toEqual(Array(16).fill(0x88))
})
