import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { type CompareReport, compareModels } from '../../src/jobs/compare.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { writeSearchedTicket } from '../../src/jobs/searched-ticket.js'
import { memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { writeSearched } from '../cli/searched-fixture.js'
import { slt, sorter } from '../cli/slt.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'

let folder: string
let ticket: string
let other: string
let trained: string
let encoder: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket, text } = await writeSearched(folder))
  await mkdir(join(folder, 'other'))
  ;({ ticket: other } = await writeSearched(join(folder, 'other'), { seed: 5n, search: null }))
  trained = join(folder, 'small.dense.safetensors')
  const shape = ['--model', 'micro', '--layers', '1', '--width', '16', '--heads', '1', '--context', '32']
  const run = ['--steps', '2', '--batch', '2', '--device', 'cpu', '--out', trained]
  expect(slt('train', '--data', text, ...shape, ...run).code).toBe(0)
  encoder = join(folder, 'encoder.dense.safetensors')
  const small = ['--layers', '1', '--width', '16', '--heads', '1', '--context', '32', '--seed', '4']
  expect(slt('train', '--data', text, '--family', 'bert', ...small, ...run.slice(0, -1), encoder).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))

const compare = (paths: string[], more: object = {}): Promise<CompareReport> =>
  compareModels({ paths, runs: 0, ...more })

test('losses are those of slt eval, on the same part of the text for all', async () => {
  const { models, part, sameTokens } = await compare([other, ticket, trained], { data: text, windows: 4 })
  expect([part, sameTokens]).toEqual(['valid', true]) // the text is that of the second one's search
  expect(models.map(({ kind, name }) => [kind, name])).toEqual([
    ['searched', 'random'],
    ['searched', 'random'],
    ['trained', 'small'],
  ])
  for (const { path, loss } of models) {
    const found = await evaluateTicket({ ticket: path, data: text, part: 'valid', windows: 4, device: 'cpu' })
    const { loss: nats, bitsPerByte, tokens, bytes } = found
    expect(loss).toEqual({ nats, bitsPerByte, tokens, bytes })
  }
  expect(models[0].loss).not.toEqual(models[1].loss)
  expect((await compare([other], { data: text, windows: 4 })).part).toBe('all')
})

test('a model and its export read the same windows, whatever their batches', async () => {
  const out = join(folder, 'same')
  await exportModel({ source: ticket, to: 'huggingface', out })
  const { models } = await compare([ticket, out], { data: text, part: 'all', windows: 5 })
  const [own, exported] = models.map(({ loss }) => loss!)
  expect([exported.tokens, exported.bytes]).toEqual([own.tokens, own.bytes])
  expect(Math.abs(exported.nats - own.nats)).toBeLessThan(1e-5)
})

test('bytes are those on disk, bits a weight all of them over the parameters', async () => {
  const { models, data } = await compare([ticket, trained, sorter])
  const [a, b, c] = models
  expect(data).toBeNull()
  expect(a.bytes).toBe((await readFile(ticket)).length)
  expect(a.parameters).toBe(256 * 16 + 16 * 16 + 2 * (4 * 16 * 16 + 2 * 16 * 64))
  expect(a.bitsPerWeight).toBe((8 * a.bytes) / a.parameters)
  expect(b.bytes).toBe((await readFile(trained)).length)
  expect([c.kind, c.dtype, c.parameters]).toEqual(['folder', 'F32', 85728])
  expect(models.map(({ loss, speed, peakBytes }) => [loss, speed, peakBytes])).toEqual(
    Array(3).fill([null, null, null]),
  )
})

test('timed loadings: as many as asked for, in turns, after one that does not count', async () => {
  const steps: string[] = []
  const onProgress = (done: number, total: number, what: string) => steps.push(`${done}/${total} ${what}`)
  const { models, prompt, count } = await compare([ticket, trained], { runs: 2, threads: 1, onProgress })
  expect([prompt, count]).toEqual([4, 10]) // of a context of 16, two tokens are not timed
  for (const { speed, peakBytes } of models) {
    expect(speed?.runs).toBe(2)
    for (const value of [speed!.load, speed!.firstToken, speed!.tokensPerSecond]) expect(value).toBeGreaterThan(0)
    expect(peakBytes).toBeGreaterThan(20e6)
  }
  expect(steps).toEqual([
    '0/8 warm-up of random',
    '1/8 warm-up of small',
    '2/8 loading 1 of 2 of small',
    '3/8 loading 1 of 2 of random',
    '4/8 loading 2 of 2 of random',
    '5/8 loading 2 of 2 of small',
    '6/8 memory of random',
    '7/8 memory of small',
  ])
})

test('models with other tokenizers share bits a byte alone', async () => {
  const gpt2 = join(folder, 'gpt2.slt.safetensors')
  const content = { ...randomContent({ ...runnableConfig, vocabulary: 50257 }), tokenizer: 'gpt2' as const }
  await writeSearchedTicket(gpt2, content, [1, 2], createGraphRunner({ threads: 1 }))
  const { models, sameTokens } = await compare([ticket, gpt2], { data: text, windows: 1 })
  expect(sameTokens).toBe(false)
  expect(models[0].loss!.bitsPerByte).toBeCloseTo(models[0].loss!.nats / Math.LN2, 9)
  expect(models[1].loss!.bitsPerByte).toBeLessThan(models[1].loss!.nats / Math.LN2)
})

test('what does not fit is said before anything runs', async () => {
  await expect(compare([])).rejects.toThrow('"paths" expected at least one model, got none')
  await expect(compare([ticket, sorter], { data: text })).rejects.toThrow(`${sorter}: names no tokenizer`)
  await expect(compare([sorter], { tokenizer: 'bytes' })).rejects.toThrow("the model's 3 tokens, got bytes with 256")
  await expect(compare([ticket], { runs: 1, count: 11 })).rejects.toThrow(
    '"count" expected at most 10 tokens in a context of 16, got 11',
  )
  await expect(compare([ticket], { runs: 0.5 })).rejects.toThrow('"runs" expected an integer >= 0, got 0.5')
  const aborted = AbortSignal.abort(new Error('enough'))
  await expect(compare([ticket], { runs: 1, signal: aborted })).rejects.toThrow('enough')
})

test('an encoder of slt train has the loss that its training recorded last', async () => {
  const { loss, bitsPerByte, hidden, part } = await evaluateTicket({ ticket: encoder, data: text, part: 'valid' })
  const { metadata } = await openSafetensors(memorySource(await readFile(encoder)))
  const recorded = JSON.parse(metadata.get('slt-dense')!)
  expect([hidden, part]).toEqual([true, 'valid'])
  expect([loss, bitsPerByte]).toEqual([recorded.validLoss, recorded.bitsPerByte])
  const other = await evaluateTicket({ ticket: encoder, data: text, part: 'valid', hidingSeed: 5n })
  expect(other.loss).not.toBe(loss) // other tokens are hidden
})

test('encoders are compared on the tokens that the seed of the first hides, and by the tokens they read', async () => {
  const found = join(folder, 'encoder.slt.safetensors')
  const { config } = await openModelSource(encoder).then((source) => source.close().then(() => source))
  const content = { ...randomContent(config), tokenizer: 'bytes' as const }
  await writeSearchedTicket(found, content, [1, 2], createGraphRunner({ threads: 1 }))
  const { models, prompt, count } = await compare([encoder, found, encoder], { data: text, windows: 4, runs: 1 })
  expect([prompt, count]).toEqual([8, 22])
  expect(models.map(({ kind, task }) => [kind, task])).toEqual([
    ['trained', 'encoder'],
    ['searched', 'encoder'],
    ['trained', 'encoder'],
  ])
  expect(models[2].loss).toEqual(models[0].loss)
  const one = await evaluateTicket({ ticket: found, data: text, windows: 4, hidingSeed: 4n })
  expect(models[1].loss!.nats).toBe(one.loss)
  for (const { speed } of models) {
    for (const value of [speed!.load, speed!.firstToken, speed!.tokensPerSecond]) expect(value).toBeGreaterThan(0)
  }
})

test('an encoder has no loss where nobody trained one here, and is not compared with a model that writes', async () => {
  const exported = join(folder, 'encoder')
  await exportModel({ source: encoder, out: exported, to: 'huggingface' })
  const none = `${exported}: is a BERT, an encoder that neither slt search nor slt train made, and has no loss`
  await expect(evaluateTicket({ ticket: exported, data: text })).rejects.toThrow(none)
  await expect(compare([encoder, exported], { data: text })).rejects.toThrow(none)
  const mixed = `${encoder}: is an encoder, which predicts hidden tokens, and ${ticket} predicts the next one`
  await expect(compare([ticket, encoder], { data: text })).rejects.toThrow(mixed)
  await expect(compare([encoder, ticket], { runs: 1 })).rejects.toThrow(mixed)
  expect((await compare([encoder, ticket])).models.map(({ task }) => task)).toEqual(['encoder', 'causal'])
})

test('a file of slt train opens as a model; one that is not what it says is refused', async () => {
  const source = await openModelSource(trained)
  expect(source).toMatchObject({ kind: 'trained', tokenizer: 'bytes', dtype: 'F32', ticket: null })
  expect((await source.weights()).get('wte')!.shape).toEqual([256, 16])
  await source.close()
  const exported = join(folder, 'exported')
  await exportModel({ source: trained, out: exported, to: 'huggingface' })
  const { models } = await compare([trained, exported], { data: text, windows: 4 })
  expect(models[1]).toMatchObject({ kind: 'folder', tokenizer: 'bytes', loss: models[0].loss })
  expect(await readFile(join(exported, 'README.md'), 'utf8')).toContain('Trained by `slt train`: `small`.')
  const bytes = await readFile(trained)
  const at = bytes.indexOf('\\"heads\\":1')
  expect(at).toBeGreaterThan(0)
  const broken = join(folder, 'broken.safetensors')
  await writeFile(broken, Buffer.concat([bytes.subarray(0, at), Buffer.from('\\"heads\\":3'), bytes.subarray(at + 11)]))
  await expect(openModelSource(broken)).rejects.toThrow(
    `${broken}: not a model of slt train: "heads" expected a divisor of the width 16, got 3`,
  )
  const seeded = Buffer.from(bytes)
  seeded.write('x', seeded.indexOf('\\"seed\\":\\"') + 11)
  await writeFile(broken, seeded)
  await expect(openModelSource(broken)).rejects.toThrow('"seed" expected the digits of an integer from 0 to 2^64-1')
  const nan = Buffer.from(bytes)
  nan.writeFloatLE(Number.NaN, bytes.length - 4)
  await writeFile(broken, nan)
  const opened = await openModelSource(broken)
  await expect(opened.weights()).rejects.toThrow('holds NaN at index 15')
  await opened.close()
})
