import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweepJobs } from '../../src/cli/sweep-jobs.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { openBaseNetwork } from '../../src/jobs/base-network.js'
import { search } from '../../src/jobs/search.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { writeSearchedTicket } from '../../src/jobs/searched-ticket.js'
import type { Store } from '../../src/queue/store.js'
import { readPlan, runsOf } from '../../src/queue/sweep.js'
import { generateWeights } from '../../src/random/index.js'
import type { BaseNetwork } from '../../src/search/base-network.js'
import { integerLevels } from '../../src/search/integer-matrices.js'
import { chooseSettings, resumedSettings, type SettingsChoice } from '../../src/search/settings.js'
import { expectSearched, materialiseSearched, openTicket, type SearchedContent } from '../../src/ticket/index.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'
import { smallRun, writeText } from './small-run.js'

let folder: string
let other: string
const at = (name: string) => join(folder, `${name}.slt.safetensors`)
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-on-'))
  writeText(folder)
  other = join(folder, 'numbers.txt')
  writeFileSync(other, Array.from({ length: 3000 }, (_, i) => `${(i * 7919) % 541} `).join(''))
  await write('foreign', foreign)
  await write('odd', { ...randomContent({ ...runnableConfig, vocabulary: 97 }), tokenizer: null })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A network that no settings compute: streams in another order, three kinds of weights, no word on its search. */
const foreign = (() => {
  const content = randomContent(runnableConfig)
  const matrices = content.matrices.map((matrix, i) => ({ ...matrix, stream: 1000 - 7 * i }))
  return { ...content, matrices, search: null }
})()

const write = (name: string, content: SearchedContent) =>
  writeSearchedTicket(at(name), content, [1, 2], createGraphRunner({ threads: 1 }))

/** A ticket, and the weights of its network under its masks. */
async function read(name: string) {
  const source = await openFile(at(name))
  const ticket = expectSearched(await openTicket(source, nodeSha256))
  const weights = await materialiseSearched(ticket, generateWeights)
  await source.close()
  return { ticket, weights, network: ticket.metadata.matrices.map(({ stream, init }) => ({ stream, init })) }
}

const few = { steps: 8, batch: 4, dataSeed: 5n }
const small = { model: 'micro', layers: 1, width: '16', heads: 2, context: 16 } as const

/** A search on a ticket; by default of a text that has other letters. */
const searchOn = (base: string, name: string, choice: Partial<SettingsChoice> = {}) =>
  search(smallRun(folder, { choice: { ...few, ...choice }, on: at(base), data: other, out: at(name) }))

test('another text on the same network: same seed, streams and initialisations; every kept weight is one of both', async () => {
  const init = { initialisation: 'signed-constant', magnitudes: 'exact', qkScale: 1.7, norms: 'learned' } as const
  await search(smallRun(folder, { choice: { ...small, ...few, ...init, keep: 0.4, seed: 3n }, out: at('a') }))
  const report = await searchOn('a', 'b')
  const [a, b] = [await read('a'), await read('b')]
  expect(b.ticket.seed).toBe(3n)
  expect(b.network).toEqual(a.network)
  expect(b.ticket.metadata.config).toEqual(a.ticket.metadata.config)
  expect(b.ticket.metadata.norms).toBe('learned')
  expect(b.ticket.metadata.search).toMatchObject({ keep: 0.4, qkScale: 1.7, initialisation: 'signed-constant' })
  // Magnitudes that are not rounded to fp16, as the settings would have them today.
  const today = chooseSettings({ kind: 'search', ...small, ...init, magnitudes: 'float16' }, bytes)
  expect(today.magnitudes).toBe('float16')
  expect(report.settings.magnitudes).toBeUndefined()
  let both = 0
  let differ = 0
  for (const [name, weights] of b.weights) {
    const base = a.weights.get(name)!
    weights.forEach((weight, i) => {
      if (weight !== 0 && base[i] !== 0) {
        both++
        if (weight !== base[i]) differ++
      }
    })
  }
  expect(both).toBeGreaterThan(500)
  expect(differ).toBe(0)
  const record = JSON.parse(readFileSync(join(`${at('b')}.run`, 'run.json'), 'utf8'))
  expect(record.base).toEqual({ name: 'a.slt.safetensors', ticket: a.ticket.sha256 })
  // The network is the same, whatever masks the ticket has: a run on either ticket is the same run.
  const [onA, onB] = await Promise.all(['a', 'b'].map((name) => openBaseNetwork(at(name))))
  expect(onB.network).toBe(onA.network)
  expect(record.identity.settings.on.network).toBe(onA.network)
  expect((await openBaseNetwork(at('foreign'))).network).not.toBe(onA.network)
})

test.each(['edge-popup', 'iterand'] as const)('%s on a network that no settings compute', async (algorithm) => {
  const redraws = algorithm === 'iterand' ? { redrawEvery: 2, redrawRate: 0.5, learningRate: 0.05 } : {}
  const report = await searchOn('foreign', algorithm, { algorithm, keep: 0.4, ...redraws })
  const { ticket, network } = await read(algorithm)
  expect(network).toEqual(foreign.matrices.map(({ stream, init }) => ({ stream, init })))
  expect(ticket.seed).toBe(foreign.seed)
  expect(ticket.metadata.search).toMatchObject({ initialisation: 'given', qkScale: 1, keep: 0.4 })
  const redrawn = ticket.metadata.matrices.some(({ generations }) => generations > 0)
  expect(redrawn).toBe(algorithm === 'iterand')
  // The weights that the search saw are those that the ticket rebuilds: redrawn ones come from the base's streams too.
  const { loss } = await evaluateTicket({
    ticket: at(algorithm),
    data: other,
    part: 'valid',
    device: 'cpu',
    threads: 1,
  })
  expect(loss).toBeCloseTo(report.validLoss, 5)
})

test('methods that make numbers of signs take the network of their own tickets, and no other', async () => {
  const levels = { algorithm: 'levels', levels: '2' } as const
  await search(smallRun(folder, { choice: { ...small, ...few, ...levels, seed: 3n }, out: at('levels') }))
  await searchOn('levels', 'more levels', levels)
  expect((await read('more levels')).network).toEqual((await read('levels')).network)
  await expect(searchOn('foreign', 'no', levels)).rejects.toThrow(
    '"on" expected a ticket whose wte holds signs alone, which this method makes numbers of, got normal weights',
  )
})

test.each(['signed', 'multicoated', 'sampled', 'ada-sup'] as const)(
  '%s on the network of another method',
  async (algorithm) => {
    const report = await searchOn('foreign', algorithm, { algorithm, keep: 0.4, norms: 'plain' })
    const { network } = await read(algorithm)
    expect(network).toEqual(foreign.matrices.map(({ stream, init }) => ({ stream, init })))
    const { loss } = await evaluateTicket({
      ticket: at(algorithm),
      data: other,
      part: 'valid',
      device: 'cpu',
      threads: 1,
    })
    expect(loss).toBeCloseTo(report.validLoss, 5)
  },
)

test('a run on a ticket is resumed without it, byte for byte, and on no other', async () => {
  await searchOn('foreign', 'whole')
  const controller = new AbortController()
  const onStep = (row: { step: number }) => row.step === 3 && controller.abort(new Error('interrupted'))
  const run = smallRun(folder, { choice: few, on: at('foreign'), data: other, out: at('parts') })
  await expect(search({ ...run, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
  const resumed = { kind: 'search', choice: {}, resume: `${at('parts')}.run`, device: 'cpu', threads: 1 } as const
  await expect(search({ ...resumed, on: at('odd') })).rejects.toThrow(
    /parts\.slt\.safetensors\.run: is a run on the network [0-9a-f]{8}, not on that of odd\.slt\.safetensors, [0-9a-f]{8}$/,
  )
  await expect(search({ ...resumed, choice: { seed: 4n } })).rejects.toThrow(
    /^"seed" expected 18364758544493064720, as the network of the run, [0-9a-f]{8}, has it, got 4$/,
  )
  await search({ ...resumed, on: at('foreign') })
  expect(readFileSync(at('parts')).equals(readFileSync(at('whole')))).toBe(true)
})

const bytes = { name: 'bytes', vocabulary: 256 } as const

describe('what describes another network is refused with both values', () => {
  let on: BaseNetwork
  beforeAll(async () => {
    on = await openBaseNetwork(at('foreign'))
  })
  const choose = (choice: Partial<SettingsChoice>) => chooseSettings({ kind: 'search', on, ...choice }, bytes)
  const its = 'as the network of foreign.slt.safetensors has it'

  test.each<[Partial<SettingsChoice>, string]>([
    [{ seed: 5n }, `"seed" expected 18364758544493064720, ${its}, got 5`],
    [{ norms: 'learned' }, `"norms" expected plain, ${its}, got learned`],
    [{ initialisation: 'fan-in' }, `"init" expected given, ${its}, got fan-in`],
    [{ qkScale: 2 }, `"qk-scale" expected 1, ${its}, got 2`],
    [{ qkScale: 'auto' }, `"qk-scale" expected 1, ${its}, got auto`],
    [{ family: 'llama' }, `"family" expected gpt2, ${its}, got llama`],
    [{ model: 'bert-micro' }, `"family" expected gpt2, ${its}, got bert`],
    [{ model: 'micro' }, `"layers" expected 2, ${its}, got 4`],
    [{ width: '32' }, `"width" expected 16, ${its}, got 32`],
    [
      { width: 'x2' },
      '"width" expected a number, or --model beside it, for the network of foreign.slt.safetensors, got x2',
    ],
    [{ heads: 4 }, `"heads" expected 2, ${its}, got 4`],
    [{ context: 8 }, `"context" expected 16, ${its}, got 8`],
    [{ inner: 8 }, `"inner" expected 64, ${its}, got 8`],
    [{ activation: 'relu' }, `"activation" expected gelu_new, ${its}, got relu`],
    [{ untied: true }, `"untied" expected false, ${its}, got true`],
    [{ kind: 'train' }, '"on" expected a search, which has a mask, got slt train'],
  ])('%o', (choice, message) => {
    expect(() => choose(choice)).toThrow(new RangeError(message))
  })

  test('what is the same may be said, and what is no part of the network is free', () => {
    const same = { layers: 2, width: '16', heads: 2, context: 16, activation: 'gelu_new', norms: 'plain' } as const
    const settings = choose({ ...same, seed: foreign.seed as bigint, steps: 7, dataSeed: 9n })
    expect(settings).toEqual({ ...choose({}), steps: 7, warmUp: 0, dataSeed: '9' })
    expect(resumedSettings(settings, {}, bytes)).toEqual(settings)
    expect(resumedSettings(settings, { steps: 9 }, bytes).steps).toBe(9)
    expect(integerLevels(settings)).toBe(127)
    const matrices = on.matrices.map((matrix) => ({
      ...matrix,
      init: { kind: 'signed-constant', magnitude: 1 } as const,
    }))
    expect(integerLevels(choose({ algorithm: 'edge-popup', on: { ...on, matrices } }))).toBe(1)
  })

  test('a tokenizer', async () => {
    const gpt2 = { name: 'gpt2', vocabulary: 50257 } as const
    expect(() => chooseSettings({ kind: 'search', on }, gpt2)).toThrow(`"tokenizer" expected bytes, ${its}, got gpt2`)
    const odd = await openBaseNetwork(at('odd'))
    expect(() => chooseSettings({ kind: 'search', on: odd }, bytes)).toThrow(
      '"tokenizer" expected one of 97 tokens, as the network of odd.slt.safetensors has, got bytes with 256',
    )
    const folderOf97 = { name: 'folder', vocabulary: 97 } as const
    expect(chooseSettings({ kind: 'search', on: odd }, folderOf97).config.vocabulary).toBe(97)
    await expect(searchOn('odd', 'no')).rejects.toThrow(
      '"tokenizer" expected a folder, or --task: odd.slt.safetensors names no tokenizer, got nothing',
    )
  })

  test('a pruned ticket; the ticket is not written over', async () => {
    const pruned = fileURLToPath(new URL('../../examples/pruned-sorter/sorter.slt.safetensors', import.meta.url))
    await expect(openBaseNetwork(pruned)).rejects.toThrow(/sorter\.slt\.safetensors: is a pruned ticket/)
    const over = smallRun(folder, { choice: few, on: at('foreign'), out: at('foreign'), force: true })
    await expect(search(over)).rejects.toThrow(`${at('foreign')}: is what is read, and cannot be written as well`)
  })
})

test('a sweep searches on a ticket: its jobs hold the network, not the path', async () => {
  const path = fileURLToPath(new URL('../../examples/sorter-qr/sorter.slt.safetensors', import.meta.url))
  const network = await openBaseNetwork(path)
  const options = { task: 'sort', on: path }
  const plan = readPlan({ command: 'search', options, grid: { 'data-seed': '0..1' } })
  const place = { store: {} as Store, threads: 1, device: 'cpu', signal: new AbortController().signal } as const
  const jobs = await sweepJobs(plan, runsOf(plan), { ...place, models: false, onNote: () => {} })
  expect(jobs.map(({ request }) => (request as unknown as { choice: { on: BaseNetwork } }).choice.on)).toEqual([
    network,
    network,
  ])
  expect(jobs[0].id).not.toBe(jobs[1].id)
  expect(JSON.stringify(jobs)).not.toContain(path)
})
