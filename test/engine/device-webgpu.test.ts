import { describe, expect, test } from 'vitest'
import { type OpenedRunner, openGraphRunner } from '../../src/engine/device.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { gradientGraph } from '../../src/families/loss-graph.js'
import {
  createGraph,
  encodeModel,
  float32,
  fusedMatMul,
  type Graph,
  type GraphRunner,
  gather,
  gelu,
  int32,
  layerNormalization,
  matMul,
  numericShape,
  scatterElements,
  sizeOf,
  softmax,
  type Tensor,
} from '../../src/graph/index.js'
import { uniform } from '../../src/random/index.js'
import { noSwiftShader, useSwiftShader } from './swiftshader.js'

useSwiftShader()
const cpu = createGraphRunner({ threads: 1 })
let opened: Promise<OpenedRunner> | undefined

/** Opened within the tests: where there is no driver each of them fails. */
async function openWebgpu(): Promise<GraphRunner> {
  opened ??= openGraphRunner({ device: 'webgpu', threads: 1 })
  const { runner, device, reason } = await opened
  expect({ device, reason }).toEqual({ device: 'webgpu', reason: 'as asked' })
  return runner
}

/** Uniform on (-scale, scale), from stream `stream` of seed 0. */
const random = (stream: number, count: number, scale = 1) =>
  Float32Array.from(uniform(0n, stream, count), (value) => scale * value)

/** Binds a graph; feeds and results lie in one WebAssembly memory, as a search has them. */
async function bound(runner: GraphRunner, graph: Graph, feeds: Record<string, Tensor>) {
  const { buffer } = new WebAssembly.Memory({ initial: 16 })
  let end = 0
  const place = (tensor: Tensor): Tensor => {
    const data = new (tensor.data.constructor as Float32ArrayConstructor)(buffer, end, tensor.data.length)
    end += data.byteLength
    data.set(tensor.data as Float32Array)
    return { ...tensor, data } as Tensor
  }
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, place(tensor)]))
  const results = Object.fromEntries(
    [...graph.outputs].map(([name, { shape }]) => [
      name,
      place(float32(numericShape(name, shape), new Float32Array(sizeOf(shape)))),
    ]),
  )
  const loaded = await runner.load(encodeModel(graph))
  const of = (tensors: Record<string, Tensor>, name: string) => tensors[name].data as Float32Array
  return {
    run: loaded.bind(inputs, results),
    input: (name: string) => of(inputs, name),
    result: (name: string) => of(results, name),
    release: loaded.release,
  }
}

/** Largest difference over the largest magnitude. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest
}

describe.skipIf(noSwiftShader)(`WebGPU on SwiftShader${noSwiftShader ? ` (${noSwiftShader})` : ''}`, () => {
  test('auto does not take it: it is slower than the CPU', async () => {
    const webgpu = await openWebgpu()
    const { device, reason, runner } = await openGraphRunner()
    expect(device).toBe('cpu')
    expect(reason).toMatch(/matrix products on WebGPU run at (less than a tenth|\d+\.\d times) the speed of the CPU's$/)
    expect([runner.prefersFused, webgpu.prefersFused]).toEqual([true, false])
  })

  test('equals the CPU within 1e-5, also where an operator (FusedMatMul) falls back to the CPU', async () => {
    const webgpu = await openWebgpu()
    const graph = createGraph('operators')
    const x = graph.input('x', 'float32', [4, 8])
    const w = graph.input('w', 'float32', [8, 8])
    const at = graph.input('at', 'int32', [6])
    const columns = graph.input('columns', 'int32', [6, 3])
    const hidden = gelu(layerNormalization(matMul(x, w), graph.input('gain', 'float32', [8]), undefined, 1e-5), 'tanh')
    const rows = gather(hidden, at) // [6, 8]
    const scattered = scatterElements(rows, columns, graph.input('updates', 'float32', [6, 3]), 1, 'add')
    graph.output('fused', fusedMatMul(scattered, rows, { transB: true, alpha: 0.5 }))
    graph.output('y', softmax(scattered))
    const feeds = {
      x: float32([4, 8], random(0, 32)),
      w: float32([8, 8], random(1, 64)),
      gain: float32([8], random(2, 8)),
      at: int32([6], Int32Array.of(3, 0, 0, 2, 1, 3)),
      columns: int32([6, 3], Int32Array.of(1, 1, 1, 0, 7, 0, 2, 3, 4, 5, 5, 6, 0, 1, 2, 7, 7, 7)), // with duplicates
      updates: float32([6, 3], random(3, 18)),
    }
    const [expected, actual] = [await bound(cpu, graph, feeds), await bound(webgpu, graph, feeds)]
    for (const gain of [0.5, 2]) {
      for (const { input } of [expected, actual]) input('gain').fill(gain) // what changes between runs is seen
      await expected.run()
      await Promise.all([actual.run(), actual.run(), actual.run()]) // asked for at once
      for (const name of ['fused', 'y']) {
        expect(relativeError(actual.result(name), expected.result(name)), name).toBeLessThan(1e-5)
      }
    }
    expect(actual.result('y'), 'rounded like the CPU: not computed on SwiftShader').not.toEqual(expected.result('y'))
    await expected.release()
    await actual.release()
  })

  test('loss and every gradient of a GPT-2 equal the fused graph on the CPU within 1e-4', async () => {
    const webgpu = await openWebgpu()
    const config = {
      layers: 2,
      width: 32,
      heads: 2,
      inner: 64,
      positions: 8,
      vocabulary: 40,
      activation: 'gelu_new',
      layerNormEpsilon: 1e-5,
      tiedHead: true,
    } as const
    const [batch, length] = [2, 8]
    const words = (stream: number) => random(stream, batch * length).map((value) => Math.abs(value) * config.vocabulary)
    const graph = (runner: GraphRunner) =>
      gradientGraph({ config, norms: 'plain' }, batch, length, { fused: runner.prefersFused })
    const feeds = Object.fromEntries(
      graph(cpu).inputs.map(({ name, dtype, ...value }, i): [string, Tensor] => {
        const shape = numericShape(name, value.shape)
        return dtype === 'int32'
          ? [name, int32(shape, Int32Array.from(words(i)))]
          : [name, float32(shape, random(i, shape[0] * shape[1], 0.3))]
      }),
    )
    const expected = await bound(cpu, graph(cpu), feeds)
    const actual = await bound(webgpu, graph(webgpu), feeds)
    await expected.run()
    await actual.run()
    const names = [...graph(cpu).outputs.keys()]
    expect(names).toHaveLength(15) // the loss and 14 matrices
    for (const name of names) {
      expect(relativeError(actual.result(name), expected.result(name)), name).toBeLessThan(1e-4)
    }
    await expected.release()
    await actual.release()
  })
})
