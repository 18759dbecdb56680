import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { openSafetensors } from '../../src/safetensors/index.js'
import type { MetricsRow } from '../../src/search/metrics.js'
import { expectSearched, openTicket } from '../../src/ticket/index.js'
import { rowsOf, smallRun, stepsOf, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-search-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const cadence = { validateEvery: 40, sampleEvery: 80, checkpointEvery: 0, checkpointSeconds: 0, validWindows: 8 }

describe.each(['search', 'train'] as const)('slt %s', (kind) => {
  test('learns a small text; metrics, texts and the report say so', async () => {
    const run = smallRun(folder, { kind, out: join(folder, `${kind}.safetensors`), cadence })
    const choice = {
      ...run.choice,
      steps: 120,
      ...(kind === 'search' ? { learningRate: 0.02 } : { learningRate: 0.005 }),
    }
    const texts: number[] = []
    const report = await search({ ...run, choice, onSample: (step) => texts.push(step) })
    const rows = rowsOf(report.run)
    const mean = (part: readonly MetricsRow[]) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length
    expect(rows[0].loss).toBeGreaterThan(kind === 'search' ? 4.5 : 5.4)
    expect(mean(rows.slice(-10))).toBeLessThan(kind === 'search' ? 2.6 : 2)
    expect(report.validLoss).toBeLessThan(2.7)
    expect(report.perplexity).toBeCloseTo(Math.exp(report.validLoss), 10)
    expect(report.bitsPerByte).toBeCloseTo(report.validLoss / Math.LN2, 10) // bytes are tokens
    expect(rows.filter(({ validLoss }) => validLoss !== undefined).map(({ step }) => step)).toEqual([40, 80])
    expect(rows.every(({ flipped }) => (kind === 'search' ? flipped! > 0 : flipped === undefined))).toBe(true)
    expect(texts).toEqual([80])
    expect(readFileSync(join(report.run, 'samples.txt'), 'utf8')).toMatch(/^== step 80\n/)
    expect(report.attentionDeviation.layers.length).toBe(2)
    expect(report.attentionDeviation.all).toBeGreaterThan(kind === 'search' ? 0.2 : 0)
    expect(report.keptFraction).toBeCloseTo(kind === 'search' ? 0.3 : 1, 2)
    const { split } = report
    expect(split.steps).toBe(120)
    const { graph, ticket, rest, checkpoints } = split
    expect(Math.min(graph, ticket, rest)).toBeGreaterThan(0)
    expect(graph + ticket + rest + checkpoints).toBeLessThan(report.seconds + 1e-6)
  })
})

test('the QK scale multiplies queries and keys: four times the deviation of the logits at 2', async () => {
  const deviations: number[] = []
  for (const qkScale of [1, 2]) {
    const run = smallRun(folder, { out: join(folder, `qk-${qkScale}.safetensors`) })
    const onStart: SearchRequest['onStart'] = (start) => {
      deviations.push(start.attentionDeviation.layers[0])
      throw new Error('enough')
    }
    await expect(search({ ...run, choice: { ...run.choice, qkScale }, onStart })).rejects.toThrow('enough')
  }
  expect(deviations[1] / deviations[0]).toBeCloseTo(4, 4)
})

test('a dense result holds the weights under Hugging Face names', async () => {
  const out = join(folder, 'dense.safetensors')
  await search(smallRun(folder, { kind: 'train', out }))
  const file = await openFile(out)
  const { tensors, metadata } = await openSafetensors(file)
  expect(tensors.get('transformer.h.1.attn.c_attn.weight')?.shape).toEqual([32, 96])
  expect(tensors.get('transformer.wte.weight')?.shape).toEqual([256, 32])
  expect(JSON.parse(metadata.get('slt-dense')!).settings).toMatchObject({ kind: 'train', keep: 1, seed: '3' })
  await file.close()
})

describe('what cannot be done is said before anything is written', () => {
  const files = () => readdirSync(folder).sort()
  const refuse = async (changes: Partial<SearchRequest>, message: RegExp) => {
    const before = files()
    await expect(search(smallRun(folder, { out: join(folder, 'never.safetensors'), ...changes }))).rejects.toThrow(
      message,
    )
    expect(files()).toEqual(before)
  }
  beforeAll(() => {
    writeFileSync(join(folder, 'empty.txt'), '')
    writeFileSync(join(folder, 'tiny.txt'), 'too short')
    mkdirSync(join(folder, 'a-folder'))
  })

  test('no text, an empty one, one shorter than a context', async () => {
    await refuse({ data: undefined }, /^"data" expected a file or folder of text/)
    await refuse({ data: join(folder, 'missing.txt') }, /missing\.txt: no such file or folder$/)
    await refuse({ data: join(folder, 'empty.txt') }, /empty\.txt: empty$/)
    await refuse({ data: join(folder, 'tiny.txt') }, /tiny\.txt: .* a context of 16 needs at least 17/)
  })
  test('settings', async () => {
    const { choice } = smallRun(folder)
    await refuse({ choice: { ...choice, keep: 1.2 } }, /^"keep" expected 0 < keep < 1, got 1\.2$/)
    await refuse({ choice: { ...choice, qkScale: 1e12 } }, /^"qk-scale" expected .* <= 4\.29e\+9, got 1000000000000$/)
    await refuse({ choice: { ...choice, heads: 5 } }, /^"heads" expected a divisor of the width 32, got 5$/)
  })
  test('places', async () => {
    await refuse({ out: join(folder, 'a-folder') }, /a-folder: is a folder$/)
    await refuse({ out: join(folder, 'nowhere', 'a.safetensors') }, /nowhere: no such file or folder$/)
    await refuse({ run: join(folder, 'tiny.txt') }, /tiny\.txt: is there already, and is no folder$/)
    await refuse({ resume: join(folder, 'a-folder') }, /a-folder: not the folder of a run/)
  })
})

test('a text of any name can be searched: the name is cut between two characters, interrupted or not', async () => {
  const name = `${'x'.repeat(99)}\u{1f600}.txt`
  const data = join(folder, name)
  cpSync(join(folder, 'words.txt'), data)
  const out = join(folder, 'named.safetensors')
  const run = smallRun(folder, { data, out })
  const controller = new AbortController()
  const onStep = () => controller.abort(new Error('interrupted'))
  await expect(search({ ...run, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
  await search({ ...run, choice: {}, data: undefined, out: undefined, resume: `${out}.run` })
  const file = await openFile(out)
  const ticket = expectSearched(await openTicket(file, nodeSha256))
  expect(ticket.metadata.search!.corpus.name).toBe(`${'x'.repeat(99)}\u{1f600}`)
  await file.close()
})

test('a mask that leaves next to nothing is told before the first step, and a dead network after the last', async () => {
  const heard: string[] = []
  const run = smallRun(folder, { out: join(folder, 'sparse.safetensors') })
  const report = await search({
    ...run,
    choice: { ...run.choice, keep: 0.002, steps: 1, initialisation: 'gpt2' },
    onStart: ({ kept, weights }) => heard.push(`kept ${kept} of ${weights}`),
    onNote: (line) => heard.push(line),
  })
  // 2 blocks of 4 matrices of 1,024 and 2 of 4,096 weights, wte of 8,192, wpe of 512: 8 x 3 + 4 x 9 + 17 + 2 are kept
  const read = 'read: 1 file, 21,237 bytes, 21,237 tokens; the first 19,114 train, the last 2,123 validate'
  expect(heard).toEqual([
    read,
    'kept 79 of 33280',
    'warning: keep 0.002 leaves 0.064 weights to an output of h.0.attn.q (32 inputs): most outputs are cut off, and little can be learned',
    expect.stringMatching(
      /^warning: a loss of 5\.54\d\d is that of answering all 256 tokens alike: the network is dead/,
    ),
  ])
  expect(report.keptFraction).toBe(79 / 33280)
  heard.length = 0
  await search({ ...smallRun(folder, { out: join(folder, 'usual.safetensors') }), onNote: (line) => heard.push(line) })
  expect(heard).toEqual([read])
})

test('any bytes are a text where that is asked for, and not otherwise', async () => {
  const data = join(folder, 'noise.bin.txt')
  writeFileSync(
    data,
    Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 7) % 256),
  )
  const out = join(folder, 'noise.safetensors')
  await expect(search(smallRun(folder, { data, out }))).rejects.toThrow('is no text')
  expect((await search(smallRun(folder, { data, out, raw: true }))).validLoss).toBeGreaterThan(0)
})

test('the last validation reads the same windows whatever is read on the way', async () => {
  const valid = join(folder, 'long.txt')
  writeFileSync(valid, readFileSync(join(folder, 'words.txt')).toString().repeat(8)) // more than its 2^17 tokens
  const results = []
  for (const validWindows of [1, 100_000]) {
    const run = smallRun(folder, { valid, out: join(folder, `read-${validWindows}.safetensors`) })
    const onWay = { ...run.cadence, validWindows }
    await search({ ...run, choice: { ...run.choice, layers: 1, context: 256, batch: 16, steps: 1 }, cadence: onWay })
    results.push(readFileSync(run.out!))
  }
  expect(results[0].equals(results[1])).toBe(true)
})

test('scores that run away stop the run, and the last good checkpoint goes on', async () => {
  const out = join(folder, 'wild.safetensors')
  const run = smallRun(folder, { out })
  const choice = { ...run.choice, algorithm: 'edge-popup' as const, learningRate: 1e38, weightDecay: 0, warmUp: 12 }
  await expect(search({ ...run, choice })).rejects.toThrow(
    /(not finite|NaN).* step \d+, with a learning rate of \S+e\+3\d: a smaller one may help; (the last good|there is no) checkpoint/,
  )
  expect(stepsOf(`${out}.run`).length).toBeGreaterThan(0)
  expect(readdirSync(`${out}.run`)).not.toContain('lock')
})
