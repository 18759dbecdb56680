import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCorpus } from '../../src/files/corpus-files.js'
import { type KeptRunRequest, type KeptRuns, openKeptRuns } from '../../src/jobs/kept-runs.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { stepsOf, writeText } from '../search/small-run.js'

let folder: string
let runs: KeptRuns
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-kept-'))
  const data = writeText(folder)
  const corpus = await openCorpus({ data, tokenizer: 'bytes', context: 16 })
  runs = openKeptRuns({ folder: join(folder, 'runs'), corpus, data, device: 'cpu', threads: 1 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const request = (name: string, changes: Partial<SettingsChoice> = {}): KeptRunRequest => ({
  name,
  choice: {
    kind: 'search',
    model: 'micro',
    layers: 1,
    width: '32',
    heads: 2,
    context: 16,
    batch: 4,
    steps: 12,
    ...changes,
  },
})
const foldersOf = (name: string) =>
  readdirSync(join(folder, 'runs'))
    .filter((one) => one.startsWith(`${name}-`))
    .map((one) => join(folder, 'runs', one))

test('a run leaves its result, metrics and ticket, but no checkpoint; it is found again', async () => {
  expect(await runs.find(request('a'))).toBeUndefined()
  const result = await runs.run(request('a'))
  expect(result).toMatchObject({ device: 'cpu', settings: { steps: 12 } })
  expect(result.nonZero / result.weights).toBeCloseTo(result.keptFraction, 12)
  expect(result.keptFraction).toBeCloseTo(0.3, 2)
  const [place] = foldersOf('a')
  expect(readdirSync(place).sort()).toEqual([
    'corpus.jsonl',
    'metrics.jsonl',
    'result.json',
    'run.json',
    'samples.txt',
    'ticket.slt.safetensors',
  ])
  expect(await runs.find(request('a'))).toEqual(result)
})

test('trained weights are not kept', async () => {
  const result = await runs.run(request('dense', { kind: 'train' }))
  expect(result.nonZero).toBe(result.weights)
  expect(readdirSync(foldersOf('dense')[0]).filter((name) => name.endsWith('.safetensors'))).toEqual([])
})

test('other settings are another run, beside the first', async () => {
  const result = await runs.run(request('b'))
  expect(await runs.find(request('b', { qkScale: 2 }))).toBeUndefined()
  const other = await runs.run(request('b', { qkScale: 2 }))
  expect(foldersOf('b')).toHaveLength(2)
  expect(await runs.find(request('b'))).toEqual(result)
  expect(other.attentionDeviation.all / result.attentionDeviation.all).toBeCloseTo(4, 4)
})

test('interrupted inside, it goes on from there and ends as if it had not been', async () => {
  const whole = await runs.run(request('whole'))
  const controller = new AbortController()
  const stopped = runs.run(request('parts'), {
    signal: controller.signal,
    onStep: ({ step }) => step === 5 && controller.abort(new Error('enough')),
  })
  await expect(stopped).rejects.toThrow('enough')
  expect(await runs.find(request('parts'))).toBeUndefined()
  const from: number[] = []
  const result = await runs.run(request('parts'), { onStart: (start) => from.push(start.from) })
  expect(from).toEqual([5])
  expect(result.validLoss).toBe(whole.validLoss)
  const [place] = foldersOf('parts')
  expect(stepsOf(place)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  const tickets = [place, foldersOf('whole')[0]].map((path) => readFileSync(join(path, 'ticket.slt.safetensors')))
  expect(tickets[0].equals(tickets[1])).toBe(true)
})

test.each([
  ['torn', (text: string) => text.slice(0, text.length / 2)],
  ['of other settings', (text: string) => text.replace(/"fingerprint": "./, '"fingerprint": "-')],
  ['of another version', (text: string) => text.replace('"version": "1"', '"version": "2"')],
  ['without a loss', (text: string) => text.replace(/"validLoss": [\d.]+/, '"validLoss": null')],
])('a result that is %s does not count: the run is done again', async (name, damage) => {
  const asked = request(`damaged-${name.replaceAll(' ', '-')}`)
  const result = await runs.run(asked)
  const path = join(foldersOf(asked.name)[0], 'result.json')
  const text = readFileSync(path, 'utf8')
  expect(damage(text)).not.toBe(text)
  writeFileSync(path, damage(text))
  expect(await runs.find(asked)).toBeUndefined()
  expect((await runs.run(asked)).validLoss).toBe(result.validLoss)
  expect(await runs.find(asked)).toBeDefined()
})

test('what a killed process left of a finished run is removed when it is found', async () => {
  await runs.run(request('left'))
  const [place] = foldersOf('left')
  writeFileSync(join(place, 'checkpoint.safetensors'), 'left')
  expect(await runs.find(request('left'))).toBeDefined()
  expect(existsSync(join(place, 'checkpoint.safetensors'))).toBe(false)
})

test('a loss that is not finite names the run', async () => {
  const wild = request('wild', { kind: 'train', learningRate: 3e38, finalLearningRate: 3e38, weightDecay: 0 })
  await expect(runs.run(wild)).rejects.toThrow(/^wild: .* not finite|^wild: loss is NaN at step/)
})
