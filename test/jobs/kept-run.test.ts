import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Corpus } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { identityOf } from '../../src/files/run-record.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { findKeptRun } from '../../src/jobs/kept-run.js'
import { fingerprintOf } from '../../src/search/fingerprint.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'
import { writeText } from '../search/small-run.js'

let folder: string
let corpus: Corpus
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-kept-'))
  corpus = await openCorpus({ data: writeText(folder), tokenizer: 'bytes', context: 16 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const choice: SettingsChoice = {
  kind: 'search',
  model: 'micro',
  layers: 1,
  width: '32',
  heads: 2,
  context: 16,
  steps: 12,
}

/** Writes a result as it was written then. */
function writeResult(name: string, damage: (text: string) => string = (text) => text): object {
  const settings = chooseSettings(choice, corpus.tokenizer)
  const fingerprint = fingerprintOf(nodeSha256, identityOf(settings, corpus))
  const numbers = { weights: 100, nonZero: 30, validLoss: 2.5, bitsPerByte: 3.6, keptFraction: 0.3, seconds: 4 }
  const result = { settings, device: 'cpu', ...numbers, attentionDeviation: { all: 0.1, layers: [0.1] } }
  const place = join(folder, 'runs', `${name}-${fingerprint.slice(0, 8)}`)
  mkdirSync(place, { recursive: true })
  const text = JSON.stringify({ version: '1', fingerprint, corpus: corpus.sha256, ...result }, null, 2)
  expect(name === 'sound' || damage(text) !== text).toBe(true)
  writeFileSync(join(place, 'result.json'), `${damage(text)}\n`)
  return result
}

const find = (name: string, changes: Partial<SettingsChoice> = {}) =>
  findKeptRun(join(folder, 'runs'), name, { ...choice, ...changes }, corpus)

test('a result of before is found by its settings and text', async () => {
  const result = writeResult('sound')
  expect(await find('sound')).toEqual(result)
  expect(await find('sound', { qkScale: 2 })).toBeUndefined()
  expect(await find('another')).toBeUndefined()
})

test.each([
  ['torn', (text: string) => text.slice(0, text.length / 2)],
  ['of other settings', (text: string) => text.replace(/"fingerprint": "./, '"fingerprint": "-')],
  ['of another version', (text: string) => text.replace('"version": "1"', '"version": "2"')],
  ['without a loss', (text: string) => text.replace(/"validLoss": [\d.]+/, '"validLoss": null')],
])('a result that is %s does not count', async (name, damage) => {
  writeResult(name, damage)
  expect(await find(name)).toBeUndefined()
})
