import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createDenseModel, lossParameters, weightsOf } from '../../src/families/index.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { search } from '../../src/jobs/search.js'
import { generateWeights } from '../../src/random/index.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { expectSearched, materialiseSearched, openTicket } from '../../src/ticket/index.js'
import { smallRun, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-search-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const variants: Record<string, Partial<SettingsChoice>> = {
  'edge-popup, QK scale, signed constants': { qkScale: 'auto', initialisation: 'signed-constant' },
  'edge-popup, norms, untied head, global': { norms: 'learned', untied: true, selection: 'global' },
  'iterand, redrawn often': { algorithm: 'iterand', redrawEvery: 2, redrawRate: 0.8, learningRate: 0.1 },
}

test.each(Object.entries(variants))('a ticket rebuilds the network from seed and masks: %s', async (name, changes) => {
  const run = smallRun(folder, { out: join(folder, `${name}.safetensors`) })
  const report = await search({ ...run, choice: { ...run.choice, ...changes } })
  const file = await openFile(report.out)
  const ticket = expectSearched(await openTicket(file, nodeSha256))
  const { metadata, seed } = ticket
  expect(seed).toBe(3n)
  expect(metadata.search).toMatchObject({ steps: 24, validLoss: report.validLoss, corpus: { name: 'words.txt' } })
  expect([...ticket.matrices.values()].map(({ kept }) => kept)).toEqual(report.matrices.map(({ kept }) => kept))
  const generations = Math.max(...metadata.matrices.map((matrix) => matrix.generations))
  expect(generations).toBeGreaterThanOrEqual(changes.algorithm === 'iterand' ? 2 : 0)
  if (changes.algorithm !== 'iterand') expect(generations).toBe(0)
  // No floats unless they were asked for.
  expect(ticket.dense.size).toBe(changes.norms === 'learned' ? 10 : 0)

  const weights = await materialiseSearched(ticket, generateWeights)
  for (const norm of ticket.dense.keys()) weights.set(norm, await ticket.readDense(norm))
  const values = weightsOf(lossParameters(metadata), (name) => weights.get(name)!)
  const gpt2 = createDenseModel(createGraphRunner({ threads: 1 }), metadata.config, values)
  const { tokens, logits } = metadata.probe!
  const all = await gpt2.logits(Int32Array.from(tokens), 1, tokens.length)
  const last = (tokens.length - 1) * metadata.config.vocabulary
  expect([...all.subarray(last, last + logits.length)].map((logit) => Math.round(logit * 1e4) / 1e4)).toEqual(logits)
  await gpt2.release()
  await file.close()
})
