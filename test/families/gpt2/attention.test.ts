import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { createAttentionReader } from '../../../src/families/attention-reader.js'
import { createCachedDecoder } from '../../../src/families/cached-decoder.js'
import { createDenseModel } from '../../../src/families/dense-model.js'
import type { Gpt2Config } from '../../../src/families/gpt2/config.js'
import { randomModelWeights } from '../../../src/families/random.js'
import { generateWeights } from '../../../src/random/index.js'

const config: Gpt2Config = {
  layers: 2,
  width: 12,
  heads: 3,
  inner: 20,
  positions: 11,
  vocabulary: 17,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: false,
}
const weights = randomModelWeights(config, 1, (request) =>
  generateWeights({ ...request, init: { kind: 'normal', std: 0.5 } }),
)
const runner = createGraphRunner({ threads: 1 })
const text = (length: number) => Array.from({ length }, (_, i) => (i * 7 + 3) % 17)
const farthest = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

describe('attention of a text', () => {
  const reader = createAttentionReader(runner, config, weights)
  const gpt2 = createDenseModel(runner, config, weights)

  test.each([1, 2, 5, 8, 11])('of %i tokens is that of a traced pass (1e-6)', async (length) => {
    const layers = await reader.read(text(length))
    const traced = await gpt2.trace(Int32Array.from(text(length)), 1, length)
    expect(layers.length).toBe(2)
    for (const [layer, found] of layers.entries()) {
      expect(farthest(found, traced[`h.${layer}.attSm`].data as Float32Array)).toBeLessThan(1e-6)
    }
  })

  test('refuses no tokens, too many, and unknown ones', async () => {
    await expect(reader.read([])).rejects.toThrow('"tokens" expected 1 to 11 tokens, got 0')
    await expect(reader.read(text(12))).rejects.toThrow('"tokens" expected 1 to 11 tokens, got 12')
    await expect(reader.read([17])).rejects.toThrow('token 0 expected 0 <= token < 17, got 17')
  })
})

test('a decoder that holds its weights gives the logits of one that is sent them, and is sent none', async () => {
  const sent: string[][] = []
  const watching = {
    ...runner,
    async load(model: Uint8Array) {
      const graph = await runner.load(model)
      return {
        ...graph,
        run(feeds: Parameters<typeof graph.run>[0]) {
          sent.push(Object.keys(feeds))
          return graph.run(feeds)
        },
      }
    },
  }
  const plain = createCachedDecoder(runner, config, weights)
  const holding = createCachedDecoder(watching, config, weights, { holdWeights: true })
  await plain.read(text(3))
  await holding.read(text(3))
  for (let i = 3; i < 14; i++) {
    const token = (i * 7 + 3) % 17
    expect(farthest(await holding.append(token), await plain.append(token)), `token ${i}`).toBeLessThan(1e-6)
  }
  expect(sent[0].some((name) => name.endsWith('.weight'))).toBe(true) // the text is read by a graph that is sent them
  expect(sent[1].filter((name) => /\.(weight|bias)$/.test(name))).toEqual([])
})
