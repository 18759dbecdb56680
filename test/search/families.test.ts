import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { createDenseModel, matricesOf } from '../../src/families/index.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { chooseSettings } from '../../src/search/settings.js'
import { expectSearched, openTicket } from '../../src/ticket/index.js'
import { smallRun, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-families-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytes = await loadTokenizer('bytes')

const run = (family: 'llama' | 'bert', name: string, changes: Partial<SearchRequest> = {}): SearchRequest => {
  const request = smallRun(folder, { out: join(folder, `${name}.slt.safetensors`), ...changes })
  const { model: _, ...choice } = request.choice
  return { ...request, choice: { ...choice, family, ...changes.choice } }
}

describe.each(['llama', 'bert'] as const)('a search of the family %s', (family) => {
  test('finds a ticket that is read and run, and gives the logits of its probe', async () => {
    const notes: string[] = []
    const samples: string[] = []
    const report = await search({
      ...run(family, family, {
        cadence: { validateEvery: 12, sampleEvery: 24, checkpointEvery: 5, checkpointSeconds: 0, validWindows: 8 },
      }),
      onNote: (line) => notes.push(line),
      onSample: (_, text) => samples.push(text),
    })
    expect(report.settings.config.family).toBe(family)
    expect(report.validLoss).toBeLessThan(Math.log(report.settings.config.vocabulary))
    const file = await openFile(report.out)
    const ticket = expectSearched(await openTicket(file, nodeSha256))
    const { config, version, probe } = ticket.metadata
    expect(version).toBe('3')
    expect(config).toEqual(report.settings.config)
    const dense = createDenseModel(
      createGraphRunner({ threads: 1 }),
      config,
      networkWeights(await rebuildTicket(ticket)),
    )
    await dense.release()
    await file.close()
  })
})
