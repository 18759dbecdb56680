import { logitsGraph } from '../../../src/families/dense-graph.js'
import type { Gpt2Config } from '../../../src/families/gpt2/config.js'
import { createDenseModel, randomModelWeights } from '../../../src/families/index.js'
import { joinedWeights } from '../../../src/families/joined-weights.js'
import { encodeModel, float32, type GraphRunner, int32 } from '../../../src/graph/index.js'
import { generateWeights } from '../../../src/random/index.js'

const config: Gpt2Config = {
  layers: 2,
  width: 32,
  heads: 4,
  inner: 128,
  positions: 16,
  vocabulary: 50,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}

// Deviation 1 / sqrt(width) instead of GPT-2's 0.02, so that logits are of the order of 1, as a trained model's are.
const factor = 1 / Math.sqrt(config.width) / 0.02
const weights = randomModelWeights(config, 11n, generateWeights)
for (const { data } of weights.values()) for (let i = 0; i < data.length; i++) data[i] *= data[i] === 1 ? 1 : factor

const tokens = Int32Array.from({ length: 16 }, (_, i) => (i * 17) % 50) // [2, 8]

/** A GPT-2 with random weights, the same in Node and in a page, and tokens for it. */
export const smallGpt2 = (runner: GraphRunner) => ({ ...createDenseModel(runner, config, weights), tokens })

/** The same logits by a bound run, repeated with other tokens between. */
export async function boundLogits(runner: GraphRunner): Promise<Float32Array> {
  const joined = joinedWeights(config, weights)
  const graph = await runner.load(encodeModel(logitsGraph(config, joined, 2, 8)))
  const feed = new Int32Array(16)
  const logits = new Float32Array(2 * 8 * 50)
  const feeds = Object.fromEntries([...joined].map(([name, { shape, data }]) => [name, float32(shape, data)]))
  const run = graph.bind({ ...feeds, tokens: int32([2, 8], feed) }, { logits: float32([16, 50], logits) })
  await run() // of zeros
  feed.set(tokens)
  await run()
  await graph.release()
  return logits
}
