import { readFile } from 'node:fs/promises'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { gradientGraph, lossParameters } from '../dist/families/loss-graph.js'
import { encodeModel, float32, int32 } from '../dist/graph/index.js'
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
