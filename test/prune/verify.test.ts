import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BaseConfig } from '../../src/families/config.js'
import type { ModelWeights } from '../../src/families/weights.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { pruneModel, verifyModel as verifyFile } from '../../src/jobs/prune.js'
import { textSequences } from '../../src/jobs/verify-text.js'
import { comparePredictions, sampleSequences } from '../../src/prune/compare-predictions.js'
import type { Network } from '../../src/prune/compare-results.js'
import { verifyModel } from '../../src/prune/verify.js'
import { checkPredictions, type PredictionLimits } from '../../src/prune/verify-predictions.js'
import { expectPruned, openTicket, type Probe, type PrunedTicket } from '../../src/ticket/index.js'
import { readSorter } from '../families/gpt2/partials.js'

/** The bundled sorter with logits 30 times as large: up to 250, whose differences of 0.1 mean nothing. */
let folder: string
let loud: { config: BaseConfig; weights: ModelWeights }
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-verify-'))
  path = join(folder, 'loud.slt.safetensors')
  const { config, weights } = await readSorter()
  const { shape, data } = weights.get('lm_head')!
  const head = { shape, data: data.map((value) => 30 * value) }
  loud = { config, weights: new Map([...weights, ['lm_head', head]]) }
  await pruneModel({ target: loud, items: 12, seed: 7, out: path, threads: 1 })
})
afterAll(() => rm(folder, { recursive: true }))

async function verify(change: Partial<PrunedTicket> | ((ticket: PrunedTicket) => Partial<PrunedTicket>) = {}) {
  const source = await openFile(path)
  try {
    const ticket = expectPruned(await openTicket(source, nodeSha256))
    const changed = { ...ticket, ...(typeof change === 'function' ? change(ticket) : change) }
    const platform = { runner: createGraphRunner(), kernels: await loadKernels() }
    return (await verifyModel(platform, { ticket: changed, target: loud })).checks
  } finally {
    await source.close()
  }
}

const failed = (checks: readonly { name: string; passed: boolean }[]) =>
  checks.filter(({ passed }) => !passed).map(({ name }) => name)
const named = <T extends { name: string }>(checks: readonly T[], name: string): T =>
  checks.find((check) => check.name === name)!

test('large logits fail no sound ticket: what counts is what its predictions lose', async () => {
  const checks = await verify()
  expect(failed(checks)).toEqual([])
  expect(named(checks, 'divergence')).toMatchObject({ limit: 0.01 })
  expect(named(checks, 'divergence').value).toBeLessThan(1e-3)
  expect(named(checks, 'greedy tokens')).toMatchObject({ limit: 0.95 })
  expect(named(checks, 'logits').value).toBeGreaterThan(0.01)
  expect(named(checks, 'logits').limit).toBeUndefined()
})

test('random weights of another seed fail', async () => {
  expect(failed(await verify({ seed: 8n }))).toEqual(['weights', 'probe', 'divergence', 'greedy tokens'])
})

test('a ticket does not set the tolerance of its probe', async () => {
  const changed = (change: (probe: Probe) => Partial<Probe>) =>
    verify(({ metadata }) => ({ metadata: { ...metadata, probe: { ...metadata.probe!, ...change(metadata.probe!) } } }))
  const wide = await changed(({ logits }) => ({ tolerance: 1e9, logits: logits.map((logit) => logit + 1) }))
  expect(failed(wide)).toEqual(['probe'])
  expect(named(wide, 'probe').detail).toContain('a tolerance of 1000000000, which is too wide')
  const honest = named(await verify(), 'probe')
  expect(honest.detail).not.toContain('too wide')
  expect(named(await changed(() => ({ tolerance: 1e-3 })), 'probe')).toEqual(honest)
})

test('a construction of other items than those of the pairs fails', async () => {
  const said = (items: number) =>
    verify(({ metadata }) => ({ metadata: { ...metadata, construction: { ...metadata.construction, items } } }))
  expect(failed(await said(12))).toEqual([])
  for (const items of [11, 13, 4]) expect(failed(await said(items))).toEqual(['pairs'])
  const tables = ({ metadata }: PrunedTicket) => ({
    metadata: { ...metadata, construction: { ...metadata.construction, embeddingItems: 5 } },
  })
  expect(failed(await verify(tables))).toEqual(['pairs'])
  // Where each matrix has its own number, the construction says the most of any.
  const more = (further: number) =>
    verify(({ metadata, pairs }) => {
      const items = further + Math.max(...[...pairs.values()].map(({ hidden, inputs }) => hidden / inputs))
      return { metadata: { ...metadata, construction: { ...metadata.construction, items, itemsPer: 'matrix' } } }
    })
  expect(failed(await more(0))).toEqual([])
  expect(failed(await more(1))).toEqual(['pairs'])
})

test('one matrix without its mask fails', async () => {
  const checks = await verify((ticket) => ({
    async readMasks(name) {
      const masks = await ticket.readMasks(name)
      return name === 'h.1.mlp.c_proj' ? { ...masks, second: masks.second.map(() => 0) } : masks
    },
  }))
  expect(failed(checks)).toContain('divergence')
})

test('a text to compare on needs a target and a tokenizer that fits', async () => {
  const data = join(folder, 'text.txt')
  await writeFile(data, 'abc')
  await expect(verifyFile({ ticket: path, data })).rejects.toThrow(
    new RangeError(`"data" expected a target to compare with, got ${data} alone`),
  )
  await expect(verifyFile({ ticket: path, target: loud, data })).rejects.toThrow('neither bytes nor gpt2 has')
})

test('a text gives sequences from all of it, as long as there is text', async () => {
  const data = join(folder, 'letters.txt')
  const letters = Array.from({ length: 3000 }, (_, i) => 97 + (i % 26))
  await writeFile(data, Uint8Array.from(letters))
  const config = { ...loud.config, vocabulary: 256, positions: 40 }
  const { sequences, warnings } = await textSequences({ data, tokenizer: 'bytes', config })
  expect([sequences.batch, sequences.length, warnings]).toEqual([64, 32, []])
  expect([...sequences.tokens.slice(0, 32)]).toEqual(letters.slice(0, 32))
  expect([...sequences.tokens.slice(-32)]).toEqual(letters.slice(-33, -1)) // the last window has one more to predict
  await writeFile(data, 'abc')
  const short = await textSequences({ data, tokenizer: 'bytes', config })
  expect(short.sequences).toEqual({ tokens: Int32Array.of(97, 98), batch: 1, length: 2 })
  await writeFile(data, 'a')
  await expect(textSequences({ data, tokenizer: 'bytes', config })).rejects.toThrow(
    /letters.txt: fewer than two tokens/,
  )
})

/** A model whose logits at a position depend on its token alone. */
const tableModel = (rows: readonly (readonly number[])[]): Network => ({
  config: {
    layers: 1,
    width: 1,
    heads: 1,
    inner: 1,
    positions: 4,
    vocabulary: 2,
  },
  hidden: () => Promise.reject(new Error('no encoder')),
  logits: async (tokens) => Float32Array.from([...tokens].flatMap((token) => rows[token])),
})

test('the divergence is that of its definition, and a shift of all logits changes nothing', async () => {
  const logs = (rows: number[][], shift = 0) => rows.map((row) => row.map((p) => Math.log(p) + shift))
  const target = tableModel(logs([[0.5, 0.5], [0.9, 0.1]])) // biome-ignore format: rows of a table
  const model = tableModel(logs([[0.25, 0.75], [0.6, 0.4]], 3)) // biome-ignore format: rows of a table
  const tokens = Int32Array.of(0, 1, 1, 1)
  const kl = (p: number[], q: number[]) => p.reduce((sum, each, i) => sum + each * Math.log(each / q[i]), 0)
  const found = await comparePredictions(target, model, { tokens, batch: 2, length: 2 })
  expect(found.divergence).toBeCloseTo((kl([0.5, 0.5], [0.25, 0.75]) + 3 * kl([0.9, 0.1], [0.6, 0.4])) / 4, 6)
  expect(found.sameGreedy).toBe(0.75)
  expect(found.largest).toBeCloseTo(3 + Math.log(4), 5)
  expect(found.spread).toBeCloseTo(Math.sqrt(3 / 4) * (Math.log(9) / 2), 5)
  const broken = tableModel([[Number.NaN, 0], [0, 0]]) // biome-ignore format: rows of a table
  expect((await comparePredictions(target, broken, { tokens, batch: 2, length: 2 })).divergence).toBeNaN()
})

test('the limits can be set, and what is not finite is within none', async () => {
  const [target, model, broken] = [
    [0, 1],
    [0, 1.5],
    [Number.NaN, 0],
  ].map((row) => tableModel([row, row]))
  const check = async (other: Network, limits: PredictionLimits) =>
    failed(await checkPredictions(target, other, 1, limits))
  expect(await check(model, { maxKl: 0.1 })).toEqual([])
  expect(await check(model, {})).toEqual(['divergence']) // 0.02 nats
  expect(await check(model, { maxKl: 0.1, minGreedy: 1, logitTolerance: 0.4 })).toEqual(['logits'])
  expect(await check(broken, {})).toEqual(['divergence', 'greedy tokens', 'logits'])
  for (const [limits, message] of [
    [{ maxKl: 0 }, '"max-kl" expected a number > 0, got 0'],
    [{ minGreedy: 1.5 }, '"min-greedy" expected 0 to 1, got 1.5'],
    [{ logitTolerance: Number.NaN }, '"logitTolerance" expected a number > 0, got NaN'],
  ] as const) {
    await expect(verifyFile({ ticket: path, target: loud, ...limits })).rejects.toThrow(new RangeError(message))
  }
})

test('sequences are what the model writes, and the same for one seed', async () => {
  const never = -1e9
  const flip = tableModel([
    [never, 0],
    [0, never],
  ])
  const { tokens, batch, length } = await sampleSequences(flip, 5)
  expect([batch, length, tokens.length]).toEqual([64, 4, 256])
  for (let b = 0; b < 64; b++) {
    // One token is given in turns with two.
    for (let t = 1 + (b % 2); t < 4; t++) expect(tokens[4 * b + t]).toBe(1 - tokens[4 * b + t - 1])
  }
  expect(new Set(tokens)).toEqual(new Set([0, 1]))
  expect((await sampleSequences(flip, 5)).tokens).toEqual(tokens)
  expect((await sampleSequences(flip, 6)).tokens).not.toEqual(tokens)
})
