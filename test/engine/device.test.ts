import { expect, test } from 'vitest'
import { openGraphRunner } from '../../src/engine/device.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createGraph, encodeModel, float32, matMul } from '../../src/graph/index.js'
import { useNoDriver } from './swiftshader.js'

test('the CPU, when asked for', async () => {
  const { runner, device, reason } = await openGraphRunner({ device: 'cpu', threads: 1 })
  expect({ device, reason, fused: runner.prefersFused }).toEqual({ device: 'cpu', reason: 'as asked', fused: true })
  const graph = createGraph('square')
  const x = graph.input('x', 'float32', [1, 1])
  graph.output('y', matMul(x, x))
  const loaded = await runner.load(encodeModel(graph))
  expect([...(await loaded.run({ x: float32([1, 1], Float32Array.of(3)) })).y.data]).toEqual([9])
  await loaded.release()
})

test('a device that is not known, or a number of threads that cannot be', async () => {
  await expect(openGraphRunner({ device: 'tpu' as never })).rejects.toThrow(
    new RangeError('"device" expected cpu, webgpu, cuda or auto, got tpu'),
  )
  await expect(openGraphRunner({ device: 'cpu', threads: 0.5 })).rejects.toThrow(
    new RangeError('"threads" expected an integer >= 1, got 0.5'),
  )
})

// Where drivers are not Vulkan's they cannot be hidden from ONNX Runtime.
test.runIf(process.platform === 'linux')(
  'without a GPU: WebGPU is refused in one line, auto takes the CPU',
  async () => {
    useNoDriver()
    await expect(openGraphRunner({ device: 'webgpu' })).rejects.toMatchObject({
      name: 'InputError',
      message:
        '"device" webgpu: no adapter was found (ONNX Runtime looked for a GPU with a Vulkan driver); ' +
        '--device cpu works everywhere',
    })
    const { device, reason } = await openGraphRunner()
    expect(device).toBe('cpu')
    expect(reason).toMatch(
      /CUDA .*, WebGPU: no adapter was found \(ONNX Runtime looked for a GPU with a Vulkan driver\)$/,
    )
  },
)

test('CUDA that is not installed is refused in one line that says how to install it', async () => {
  const refused = await openGraphRunner({ device: 'cuda' }).catch((error) => error)
  // ONNX Runtime's package has it for one platform; here nobody installs it.
  const expected =
    process.platform === 'linux' && process.arch === 'x64'
      ? /not installed; .* `ONNXRUNTIME_NODE_INSTALL=cuda12 node \S+\/onnxruntime-node\/script\/install\.js` fetches it; --device cpu works everywhere$/
      : /on Linux x64 only/
  expect(refused).toMatchObject({ name: 'InputError', message: expect.stringMatching(expected) })
})

test('only the CPU is sent operators of its own', () => {
  const preferred = (['cpu', 'webgpu', 'cuda'] as const).filter((device) => createGraphRunner({ device }).prefersFused)
  expect(preferred).toEqual(['cpu'])
})
