import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { type Gpt2Config, gpt2Shapes } from '../../src/families/gpt2/config.js'
import { createGpt2 } from '../../src/families/gpt2/dense.js'
import { randomGpt2Weights } from '../../src/families/gpt2/random.js'
import { type Gpt2Weights, isKeptDense } from '../../src/families/gpt2/weights.js'
import { factoredGpt2, type MergedGpt2, widenedBytes, widenedGpt2 } from '../../src/interop/index.js'
import { denseExport } from '../../src/jobs/export-weights.js'
import type { ModelSource } from '../../src/jobs/model-source.js'
import { gpt2Targets } from '../../src/prune/gpt2-targets.js'
import { generateWeights } from '../../src/random/index.js'
import { InputError } from '../../src/safetensors/index.js'
import { farthest } from '../vectors/pytorch/open.js'

const base: Gpt2Config = {
  layers: 2,
  width: 12,
  heads: 3,
  inner: 20,
  positions: 9,
  vocabulary: 17,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}
const tokens = Int32Array.from({ length: 18 }, (_, i) => (i * i + 3 * i) % 17)

async function logitsOf(config: Gpt2Config, weights: Gpt2Weights): Promise<Float32Array> {
  const model = createGpt2(createGraphRunner({ threads: 1 }), config, weights)
  const logits = await model.logits(tokens, 2, 9)
  await model.release()
  return logits
}

/** A random GPT-2 with biases, and its merged matrices, which a pruned ticket would come close to. */
async function merge(config: Gpt2Config): Promise<{ model: MergedGpt2; weights: Gpt2Weights }> {
  const weights = randomGpt2Weights(config, 4, generateWeights)
  for (const [name, { data }] of weights) {
    if (/\.ln_/.test(name)) for (let i = 0; i < data.length; i++) data[i] += 0.2 * Math.sin(7 * i + name.length)
    else for (let i = 0; i < data.length; i++) data[i] *= 10
  }
  const merged = new Map<string, Float64Array>()
  for await (const target of gpt2Targets(config, async (name) => weights.get(name)!.data)) {
    merged.set(target.name, target.weights)
  }
  const dense = new Map([...weights].filter(([name]) => isKeptDense(name)))
  return { model: { config, dense, merged: async (name) => merged.get(name)! }, weights }
}

describe.each([
  ['tied', base],
  ['untied', { ...base, tiedHead: false }],
])('a head that is %s', (_name, config) => {
  test.each([
    ['widened', widenedGpt2, 36],
    ['factored', factoredGpt2, 12],
  ] as const)('the %s model gives the logits of the one whose heads were merged', async (_form, convert, width) => {
    const { model, weights } = await merge(config)
    const expected = await logitsOf(config, weights)
    const found = await convert(model)
    expect(found.config).toEqual({ ...config, width })
    expect(Math.max(...expected)).toBeGreaterThan(1)
    expect(farthest(await logitsOf(found.config, found.weights), expected)).toBeLessThan(1e-5)
  })
})

test('factored heads are told one by one', async () => {
  const { model } = await merge(base)
  const told: number[][] = []
  await factoredGpt2(model, (...done) => told.push(done))
  expect(told).toEqual([1, 2, 3, 4, 5, 6].map((done) => [done, 6]))
})

test('an exact export of GPT-2 small is refused before any work, and the way out named', async () => {
  const config = gpt2Shapes['gpt2-small']
  expect(widenedBytes(config)).toBeGreaterThan(4 * 2 ** 30)
  const source = { path: 'small.slt.safetensors', config, ticket: { kind: 'pruned' } } as unknown as ModelSource
  await expect(denseExport(source, 'exact')).rejects.toThrow(
    new InputError(
      `small.slt.safetensors: with exact heads the model takes ${(widenedBytes(config) / 1e9).toFixed(1)} GB, more than 4.3 GB; --heads factored keeps its size`,
    ),
  )
})
