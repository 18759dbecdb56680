// Each method: what it has found rebuilds, from a ticket, the weights that the search's loss saw, bit for bit.
import { describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { allocateParameters, type ParameterMemory } from '../../src/kernels/index.js'
import { countOnes, getBit } from '../../src/mask/index.js'
import { memorySource } from '../../src/safetensors/index.js'
import type { MaskedAlgorithm } from '../../src/search/algorithm.js'
import { foundTicket } from '../../src/search/found-ticket.js'
import { createIntegerMatrices, integerArrays, integerLevels, integerUnits } from '../../src/search/integer-matrices.js'
import { createIterand } from '../../src/search/iterand-search.js'
import { modelParameters } from '../../src/search/loss-step.js'
import { createMaskSearch } from '../../src/search/mask-search.js'
import { memoryKinds } from '../../src/search/matrix-methods.js'
import { float16Values } from '../../src/search/norms.js'
import { fillRandomNetwork } from '../../src/search/random-network.js'
import { chooseSettings, type SearchSettings, type SettingsChoice } from '../../src/search/settings.js'
import { withSharedRows } from '../../src/search/shared-rows.js'
import { unusedRows } from '../../src/search/unused-rows.js'
import { encodeSearchedTicket, expectSearched, openTicket } from '../../src/ticket/index.js'

const small = { model: 'micro', layers: 1, width: '16', heads: 2, context: 16, steps: 100, seed: 5n } as const
const settingsOf = (choice: Partial<SettingsChoice> = {}): SearchSettings =>
  chooseSettings({ kind: 'search', ...small, ...choice }, { name: 'bytes', vocabulary: 256 })

/** Letters of which some bytes are no part. */
const text = new TextEncoder().encode('a ticket, kept and hidden, that won from the start. '.repeat(8))
const corpus = { name: 'words.txt', train: Uint16Array.from(text), sha256: '0'.repeat(64) }

async function startSearch(choice: Partial<SettingsChoice>) {
  const settings = settingsOf(choice)
  const memory = await allocateParameters(loadKernels, modelParameters(settings, memoryKinds(settings)))
  const unused = unusedRows(settings, corpus.train)
  fillRandomNetwork(memory, settings, { unused })
  const moved: MaskedAlgorithm =
    settings.algorithm === 'iterand'
      ? createIterand(memory, settings, await loadKernels(), unused)
      : createMaskSearch(memory, settings, unused)
  const algorithm = withSharedRows(moved, memory, unused)
  return { settings, memory, algorithm, unused }
}

/** Steps along gradients that mean nothing. */
function walk({ memory, algorithm }: { memory: ParameterMemory; algorithm: MaskedAlgorithm }, steps: number): void {
  for (let step = 1; step <= steps; step++) {
    for (const [m, { gradient }] of memory.matrices.entries()) {
      for (let i = 0; i < gradient.length; i++) gradient[i] = Math.sin(i * (m + 1) + step)
    }
    algorithm.update({ learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, step })
  }
}

const choices: Record<string, Partial<SettingsChoice>> = {
  'learned scales': { scales: 'learned', initialisation: 'kaiming' },
  'iterand, with learned scales and gains': {
    algorithm: 'iterand',
    redrawEvery: 2,
    redrawRate: 0.5,
    scales: 'learned',
    norms: 'gains',
  },
  biprop: { algorithm: 'biprop' },
  'biprop beside tables of two coats': { algorithm: 'biprop', embeddings: { coats: 2 } },
  signed: { algorithm: 'signed', embeddings: { coats: 2 } },
  'multicoated, with learned scales': { algorithm: 'multicoated', scales: 'learned', selection: 'global' },
  'multicoated, of signed constants': {
    algorithm: 'multicoated',
    coats: [0.2, 0.1, 0.1],
    initialisation: 'signed-constant',
  },
  'ada-sup': { algorithm: 'ada-sup', levels: '3', scales: 'learned' },
  sampled: { algorithm: 'sampled' },
  'ternary levels': { algorithm: 'levels', scales: 'learned' },
  '2-bit levels, without unused rows': { algorithm: 'levels', levels: '2', unusedRows: 'drop', untied: true },
  '3-bit levels': { algorithm: 'levels', levels: '3' },
  'tables of 4 bits, without unused rows': {
    embeddings: { bits: 4 },
    unusedRows: 'drop',
    initialisation: 'signed-constant',
    norms: 'learned',
  },
  'tables that keep more, without unused rows': { embeddings: { keep: 0.6 }, unusedRows: 'drop', norms: 'gains' },
  erk: { densities: 'erk' },
  'soft masks, unused rows shared': { algorithm: 'annealed', unusedRows: 'share', untied: true },
  'iterand, unused rows shared': { algorithm: 'iterand', redrawEvery: 2, redrawRate: 0.5, unusedRows: 'share' },
  'drawn masks, unused rows shared, with learned scales': {
    algorithm: 'sampled',
    unusedRows: 'share',
    scales: 'learned',
  },
  'multicoated under one threshold, unused rows shared': {
    algorithm: 'multicoated',
    selection: 'global',
    unusedRows: 'share',
    untied: true,
  },
  'tables of 4 bits, unused rows shared': { embeddings: { bits: 4 }, unusedRows: 'share', norms: 'gains' },
}

describe.each(Object.entries(choices))('%s', (_, choice) => {
  test('a ticket holds the weights that the loss saw, bit for bit, and the norms', async () => {
    const search = await startSearch(choice)
    const { settings, memory, algorithm } = search
    walk(search, 5)
    expect(algorithm.changed()).toBeGreaterThan(0)
    const found = foundTicket({ ...search, corpus } as never, {
      name: 'words.txt',
      coding: 'range',
      steps: 5,
      validLoss: 5,
    })
    const { bytes } = encodeSearchedTicket({ ...found, probe: null }, nodeSha256)
    const ticket = expectSearched(await openTicket(memorySource(bytes, 'found'), nodeSha256))
    const { parameters } = await rebuildTicket(ticket, { threads: 1 })
    let differing: string[] | undefined
    await algorithm.asTicket?.(async () => {
      differing = memory.matrices
        .filter(({ name, effective }) => Buffer.compare(bytesOf(effective), bytesOf(parameters.get(name)!)) !== 0)
        .map(({ name }) => name)
    })
    expect(differing).toEqual([])
    expect([...parameters.keys()].toSorted()).toEqual(memory.matrices.map(({ name }) => name).toSorted())
    const kept = [...ticket.matrices.values()].map((matrix) => matrix.kept)
    expect(kept).toEqual([...ticket.matrices.keys()].map((name) => algorithm.ticket.kept(name)))
    expect(kept).toEqual(
      [...ticket.matrices.keys()].map((name) => countOnes(algorithm.ticket.mask(name), memory.matrix(name).count)),
    )
    if (settings.scales)
      expect(new Set([...ticket.matrices.values()].map(({ scale }) => scale)).size).toBeGreaterThan(3)
  })
})

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

test.each<Partial<SettingsChoice>>([
  { algorithm: 'multicoated', initialisation: 'signed-constant', scales: 'learned' },
  { algorithm: 'levels', levels: '4' },
  { algorithm: 'levels', levels: '2' },
  { algorithm: 'ada-sup', levels: '3', initialisation: 'signed-constant' },
  { algorithm: 'biprop' },
])('in 8-bit integers linear maps are exactly their factors: %j', async (choice) => {
  const settings = settingsOf(choice)
  const { config } = settings
  const parameters = modelParameters(settings, memoryKinds(settings))
  const memory = await allocateParameters(loadKernels, parameters, integerArrays(config))
  fillRandomNetwork(memory, settings)
  const algorithm = createMaskSearch(memory, settings)
  walk({ memory, algorithm }, 3)
  const units = integerUnits(settings, algorithm.ticket.scale)
  createIntegerMatrices(config, memory, integerLevels(settings), units).refresh()
  const { effective, count } = memory.matrix('h.0.mlp.c_fc')
  const codes = memory.bytes('h.0.mlp.c_fc.codes')
  const { mask, coats = [] } = algorithm.ticket.found('h.0.mlp.c_fc')
  for (let i = 0; i < count; i++) {
    const worn = [mask, ...coats].reduce((sum, coat) => sum + getBit(coat, i), 0)
    expect(codes[i]).toBe(Math.sign(effective[i]) * worn + 0)
  }
  expect(coats.length).toBeGreaterThan(settings.algorithm === 'biprop' ? -1 : 0)
})

test('gains are rounded for the ticket and its validation, and go on as they were', async () => {
  const search = await startSearch({ norms: 'gains' })
  walk(search, 3)
  const gain = search.memory.matrix('ln_f.weight').effective
  const before = gain.slice()
  await search.algorithm.asTicket!(async () => expect(gain).toEqual(float16Values(before)))
  expect(gain).toEqual(before)
  expect(gain).not.toEqual(float16Values(before))
  expect(search.memory.dense.map(({ name }) => name)).toEqual(['h.0.ln_1.weight', 'h.0.ln_2.weight', 'ln_f.weight'])
})

test.each<Partial<SettingsChoice>>([
  {},
  { selection: 'global' },
  { algorithm: 'signed' },
  { algorithm: 'sampled' },
  { algorithm: 'ada-sup' },
  { algorithm: 'levels', levels: '2' },
])('rows of unused tokens stay empty, and the fraction is of the others: %j', async (choice) => {
  const search = await startSearch({ ...choice, unusedRows: 'drop', untied: true })
  const { memory, algorithm, unused, settings } = search
  const isUsed = new Set(corpus.train)
  walk(search, 4)
  for (const name of ['wte', 'lm_head']) {
    const matrix = memory.matrix(name)
    const { effective } = matrix
    const scores = matrix.kind === 'ticket' ? matrix.scores : matrix.kind === 'coded' ? matrix.latents : effective
    const mask = algorithm.ticket.mask(name)
    for (let token = 0; token < 256; token++) {
      if (isUsed.has(token)) continue
      expect(effective.subarray(token * 16, token * 16 + 16).every((value) => value === 0)).toBe(true)
      expect(scores.subarray(token * 16, token * 16 + 16).every((value) => value === 0)).toBe(true)
      expect([mask[token * 2], mask[token * 2 + 1]]).toEqual([0, 0])
    }
    expect(unused.get(name)!.used).toBe(isUsed.size * 16)
    if (settings.selection === 'per-layer' && ['edge-popup', 'signed', 'sampled'].includes(settings.algorithm)) {
      expect(algorithm.ticket.kept(name)).toBe(Math.ceil(0.3 * isUsed.size * 16))
    }
  }
  const total = memory.matrices.reduce((sum, { name, count }) => sum + (unused.get(name)?.used ?? count), 0)
  const kept = memory.matrices.reduce((sum, { name }) => sum + algorithm.ticket.kept(name), 0)
  if (settings.selection === 'global') expect(kept).toBe(Math.ceil(0.3 * total))
})

test('learned scales move against the gradient of the scale', async () => {
  const search = await startSearch({ scales: 'learned' })
  const { memory, algorithm } = search
  const q = memory.matrix('h.0.attn.q')
  for (const { gradient, effective } of memory.matrices) gradient.set(effective) // d(|W|^2 / 2): smaller scales are better
  algorithm.update({ learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, step: 1 })
  const { scale } = algorithm.ticket.found('h.0.attn.q')
  expect(scale).toBeCloseTo(Math.exp(-0.01), 6)
  const i = q.effective.findIndex((value) => value !== 0)
  expect(q.effective[i]).toBe(Math.fround(q.weights[i] * scale!))
})

test('biprop keeps signs, and the mean of the magnitudes that it keeps', async () => {
  const { memory, algorithm } = await startSearch({ algorithm: 'biprop' })
  const { weights, effective } = memory.matrix('h.0.mlp.c_fc')
  const kept = [...weights.keys()].filter((i) => effective[i] !== 0)
  const mean = kept.reduce((sum, i) => sum + Math.abs(weights[i]), 0) / kept.length
  for (const i of kept) expect(effective[i]).toBeCloseTo(Math.sign(weights[i]) * mean, 6)
  expect(algorithm.ticket.found('h.0.mlp.c_fc').scale).toBeCloseTo(mean, 6)
})

test('learned values start with the signs of the seed', async () => {
  for (const choice of [{ algorithm: 'levels' }, { algorithm: 'signed' }, { embeddings: { bits: 2 } }] as const) {
    const { algorithm } = await startSearch(choice)
    expect(algorithm.ticket.found('wte').inverted).toBeUndefined()
  }
})

test('a drawn mask keeps about its fraction, another one at every step, and the same one after a pause', async () => {
  const search = await startSearch({ algorithm: 'sampled', keep: 0.25 })
  const { effective } = search.memory.matrix('wte')
  const fraction = () => effective.reduce((sum, value) => sum + Number(value !== 0), 0) / effective.length
  const first = effective.slice()
  expect(fraction()).toBeCloseTo(0.25, 1)
  walk(search, 3)
  const second = effective.slice()
  const both = effective.reduce((sum, value, i) => sum + Number(value !== 0 && first[i] !== 0), 0) / effective.length
  expect(both).toBeLessThan(0.15) // a draw of its own keeps a quarter of them again
  expect(fraction()).toBeCloseTo(0.25, 1)
  await search.algorithm.asTicket!(async () => {
    expect(effective).not.toEqual(second)
    expect(fraction()).toBeCloseTo(0.25, 3)
  })
  expect(effective).toEqual(second)
})
