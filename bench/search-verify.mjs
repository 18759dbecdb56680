import { readFile } from 'node:fs/promises'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { gradientGraph, integerMatrices, lossParameters } from '../dist/families/loss-graph.js'
import { encodeModel, float32, int32, tensor } from '../dist/graph/index.js'
import { memorySource, openSafetensors, toFloat32 } from '../dist/safetensors/index.js'

const folder = new URL('../test/vectors/pytorch/', import.meta.url)
const LIMIT = 1e-6

/**
 * Loss and every gradient of small GPT-2s against PyTorch's in float64, on as many threads as will be timed.
 * @returns the largest difference
 * @throws Error when it is over the limit
 */
export async function verifyGradients(threads) {
  const runner = createGraphRunner({ threads })
  let worst = 0
  for (const name of ['gpt2-relu', 'gpt2-gelu-new', 'gpt2-learned-norms', 'gpt2-untied-head', 'gpt2-long-context']) {
    const file = await openSafetensors(memorySource(await readFile(new URL(`${name}.safetensors`, folder)), name))
    const read = async (tensor) => Uint8Array.from(await file.readTensor(tensor))
    const integers = async (tensor) =>
      int32(file.tensors.get(tensor).shape, new Int32Array((await read(tensor)).buffer))
    const [config, norms, loss] = ['config', 'norms', 'loss'].map((key) => JSON.parse(file.metadata.get(key)))
    const parameters = lossParameters({ config, norms })
    const feeds = { tokens: await integers('tokens'), targets: await integers('targets') }
    for (const { name: parameter, shape } of parameters) {
      feeds[parameter] = float32(shape, toFloat32('F32', await read(parameter)))
    }
    const [batch, length] = feeds.tokens.dims
    const graph = gradientGraph({ config, norms }, batch, length, { fused: runner.prefersFused })
    const loaded = await runner.load(encodeModel(graph))
    const results = await loaded.run(feeds)
    await loaded.release()
    worst = Math.max(worst, Math.abs(results.loss.data[0] - loss))
    for (const { name: parameter } of parameters) {
      const expected = toFloat32('F32', await read(`d.${parameter}`))
      const found = results[`d.${parameter}`].data
      worst = Math.max(worst, ...expected.map((value, i) => Math.abs(value - found[i])))
    }
  }
  if (!(worst < LIMIT)) throw new Error(`a gradient is ${worst} from PyTorch's, limit ${LIMIT}`)
  return worst
}

/** Rounding moves a loss by less than this, and the gradients of a matrix by less than this part of their size. */
const INTEGER_LIMITS = { loss: 0.02, gradients: 0.2 }

/**
 * The same of a network whose linear maps are in 8-bit integers.
 * @returns the difference of its loss, and the largest distance of a matrix' gradient over the gradient's size
 * @throws Error when one is over the limit
 */
export async function verifyIntegers(threads) {
  const runner = createGraphRunner({ threads })
  const file = await openSafetensors(
    memorySource(await readFile(new URL('gpt2-relu.safetensors', folder)), 'gpt2-relu'),
  )
  const read = async (name) => Uint8Array.from(await file.readTensor(name))
  const integers = async (name) => int32(file.tensors.get(name).shape, new Int32Array((await read(name)).buffer))
  const [config, norms, loss] = ['config', 'norms', 'loss'].map((key) => JSON.parse(file.metadata.get(key)))
  const parameters = lossParameters({ config, norms })
  const feeds = { tokens: await integers('tokens'), targets: await integers('targets') }
  for (const { name, shape } of parameters) feeds[name] = float32(shape, toFloat32('F32', await read(name)))
  for (const {
    name,
    shape: [rows, columns],
  } of integerMatrices(config)) {
    const scale = feeds[name].data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127
    const codes = Int8Array.from(feeds[name].data, (value) => Math.round(value / scale))
    const transposed = Int8Array.from(codes, (_, i) => codes[(i % rows) * columns + Math.floor(i / rows)])
    feeds[`${name}.codes`] = tensor('int8', [rows, columns], codes)
    feeds[`${name}.transposed`] = tensor('int8', [columns, rows], transposed)
    feeds[`${name}.scale`] = float32([], Float32Array.of(scale))
  }
  const [batch, length] = feeds.tokens.dims
  const graph = gradientGraph({ config, norms }, batch, length, { fused: runner.prefersFused, arithmetic: 'int8' })
  const loaded = await runner.load(encodeModel(graph))
  const results = await loaded.run(feeds)
  await loaded.release()
  const found = { loss: Math.abs(results.loss.data[0] - loss), gradients: 0 }
  const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  for (const { name } of parameters) {
    const expected = toFloat32('F32', await read(`d.${name}`))
    const distance = size(expected.map((value, i) => results[`d.${name}`].data[i] - value)) / size(expected)
    found.gradients = Math.max(found.gradients, distance)
  }
  for (const [what, limit] of Object.entries(INTEGER_LIMITS)) {
    if (!(found[what] <= limit)) throw new Error(`int8: ${what} ${found[what]} from the vectors, limit ${limit}`)
  }
  return found
}
