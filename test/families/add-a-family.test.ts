/** docs/add-a-family.md: a family that nothing outside its file knows does all that the others do. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import {
  createCachedDecoder,
  createDenseModel,
  createPlainDecoder,
  familyOf,
  generateTokens,
  orderedConfig,
  registerFamily,
  storedTensors,
} from '../../src/families/index.js'
import { gradientGraph, lossGraph, lossParameters } from '../../src/families/loss-graph.js'
import { encodeModel, float32, int32, type Tensor } from '../../src/graph/index.js'
import { readModelFolder } from '../../src/interop/index.js'
import { pruneModel, verifyModel } from '../../src/jobs/prune.js'
import { encodeSafetensors, float32Bytes, InputError, memorySource } from '../../src/safetensors/index.js'
import { parallel, smallParallel } from './made-up-family.js'
import { randomWeights } from './small-models.js'

test('it is written with what the package exports for families, and nothing else', async () => {
  const text = await readFile(fileURLToPath(new URL('made-up-family.ts', import.meta.url)), 'utf8')
  expect([...text.matchAll(/from '(.*)'/g)].map(([, from]) => from)).toEqual(['../../src/entries/families.js'])
})

registerFamily(parallel)
const runner = createGraphRunner({ threads: 1 })
const config = smallParallel
const weights = randomWeights(config)

test('it is known by its name, and a second family of that name is refused', () => {
  expect(familyOf(config)).toBe(parallel)
  registerFamily(parallel)
  expect(() => registerFamily({ ...parallel })).toThrow('family "parallel" is registered twice')
  expect(() => familyOf({ ...config, family: 'other' })).toThrow(
    '"family" expected gpt2, llama, bert, parallel, got "other"',
  )
  expect(orderedConfig(config)).toEqual(config)
})

test('it writes the same text with a cache and without one', async () => {
  const model = createDenseModel(runner, config, weights)
  const texts = []
  for (const decoder of [createPlainDecoder(model), createCachedDecoder(runner, config, weights)]) {
    const tokens: number[] = []
    const greedy = { count: 12, temperature: 0, word: () => 0 }
    for await (const token of generateTokens(decoder, [1, 2, 3], greedy)) tokens.push(token)
    await decoder.release()
    texts.push(tokens)
  }
  expect(texts[1]).toEqual(texts[0])
  await model.release()
})

test('it has a loss, and gradients that differences of the loss agree with', async () => {
  const [B, T] = [2, 6]
  const model = { config, norms: 'learned' } as const
  const values = new Map(lossParameters(model).map(({ name }) => [name, weights.get(name)!.data.slice()]))
  const feeds = (): Record<string, Tensor> => ({
    tokens: int32(
      [B, T],
      Int32Array.from({ length: B * T }, (_, i) => (i * 5) % 19),
    ),
    targets: int32(
      [B, T],
      Int32Array.from({ length: B * T }, (_, i) => (i * 7 + 1) % 19),
    ),
    ...Object.fromEntries(lossParameters(model).map(({ name, shape }) => [name, float32(shape, values.get(name)!)])),
  })
  const loss = await runner.load(encodeModel(lossGraph(model, B, T)))
  const lossAt = async () => Number((await loss.run(feeds())).loss.data[0])
  const gradient = await runner.load(encodeModel(gradientGraph(model, B, T)))
  const found = await gradient.run(feeds())
  for (const name of ['table', 'block.0.q', 'block.1.k', 'block.0.down', 'block.1.norm.weight', 'norm.weight']) {
    const data = values.get(name)!
    const d = found[`d.${name}`].data as Float32Array
    const at = d.reduce((best, value, i) => (Math.abs(value) > Math.abs(d[best]) ? i : best), 0)
    const [own, step] = [data[at], 0.01]
    data[at] = own + step
    const above = await lossAt()
    data[at] = own - step
    const below = await lossAt()
    data[at] = own
    expect((above - below) / (2 * step) / d[at], name).toBeCloseTo(1, 1)
  }
  await loss.release()
  await gradient.release()
})

test('its folder is written and read, and one that lies is refused', async () => {
  const json = JSON.stringify({ model_type: 'parallel', ...parallel.huggingFace.write(config) })
  const tensors = [...storedTensors(config, weights)].map(([name, { shape, data }]) => {
    return { name, dtype: 'F32' as const, shape, bytes: float32Bytes(data) }
  })
  const folder = (text: string) => async (name: string) => {
    if (name === 'config.json') return memorySource(new TextEncoder().encode(text), name)
    if (name === 'model.safetensors') return memorySource(encodeSafetensors(tensors, {}), name)
    throw new InputError(`${name}: no such file`)
  }
  expect(await readModelFolder(folder(json))).toEqual({ config, weights, warnings: [], leftOut: [] })
  const lying = json.replace('"hidden_size":8', '"hidden_size":10')
  await expect(readModelFolder(folder(lying))).rejects.toThrow(
    'model.safetensors: tensor table.weight has shape [19,8], but config.json asks for [19,10]',
  )
})

test.each(['factored', 'rotary'] as const)('it is pruned, and its ticket holds literally: %s', async (attention) => {
  const folder = await mkdtemp(join(tmpdir(), 'slt-family-'))
  try {
    const out = join(folder, 'made-up.slt.safetensors')
    const target = { config, weights }
    const report = await pruneModel({ target, items: 14, seed: 3n, attention, out, threads: 1 })
    expect([report.family, report.keptDense]).toEqual(['parallel', []])
    expect(report.difference.predictions!.divergence).toBeLessThan(1e-3)
    const { checks } = await verifyModel({ ticket: out, target })
    expect(checks.filter((check) => !check.passed)).toEqual([])
    expect(checks.length).toBeGreaterThan(5)
  } finally {
    await rm(folder, { recursive: true })
  }
})
