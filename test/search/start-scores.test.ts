import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { type SearchReport, type SearchRequest, search } from '../../src/jobs/search.js'
import { verifySearched } from '../../src/jobs/searched-verify.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { fillStartScores } from '../../src/search/start-scores.js'
import { openTicket } from '../../src/ticket/index.js'
import { rowsOf, smallRun, writeText } from './small-run.js'

test('weights are ranked by w sign(r): wrong signs come last, the large ones lowest, and scores fill the usual range', () => {
  const scores = new Float32Array(6)
  const random = Float32Array.of(1, -2, 3, -1, 1, 0)
  const trained = Float32Array.of(0.5, -0.9, -0.7, 0.1, 0.5, 4) // w sign(r): 0.5, 0.9, -0.7, -0.1, 0.5, 0
  fillStartScores(scores, random, trained, 0.6)
  expect([...scores]).toEqual([0.45, 0.55, 0.05, 0.15, 0.35, 0.25].map(Math.fround))
})

const folder = mkdtempSync(join(tmpdir(), 'slt-start-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, `${name}.safetensors`)

function run(name: string, changes: Partial<SettingsChoice> = {}, more: Partial<SearchRequest> = {}): SearchRequest {
  const base = smallRun(folder, { out: at(name), ...more })
  return { ...base, choice: { ...base.choice, algorithm: 'edge-popup', initialisation: 'signed-constant', ...changes } }
}

describe('a search that starts from a trained model', () => {
  let report: SearchReport
  beforeAll(async () => {
    writeText(folder)
    const choice = { initialisation: undefined, norms: 'learned', steps: 300, learningRate: 1e-2 } as const
    await search(run('trained', choice, { kind: 'train' }))
    report = await search(run('started', { norms: 'learned' }, { start: at('trained') }))
  })

  test('has a first mask that knows the text, where a random one does not', async () => {
    const random = await search(run('random', { norms: 'learned' }))
    const first = ({ run }: SearchReport) => rowsOf(run)[0].loss
    expect(first(report)).toBeLessThan(first(random) - 1)
    expect(random.settings).not.toHaveProperty('start')
  })

  test('ends in a ticket that is verified, and names no scores of the seed', async () => {
    const source = await openFile(at('started'))
    const ticket = await openTicket(source, nodeSha256)
    if (ticket.kind !== 'searched') throw new Error('not searched')
    expect([...ticket.matrices.values()].every(({ scores }) => scores === undefined || scores === null)).toBe(true)
    const { checks } = await verifySearched(ticket, createGraphRunner({ threads: 1 }))
    expect(checks.map(({ passed }) => passed)).toEqual([true, true, true])
    await source.close()
  })

  test('goes on bit for bit, and not with another start', async () => {
    const controller = new AbortController()
    const onStep = ({ step }: { step: number }) => step === 7 && controller.abort(new Error('interrupted'))
    const request = run(
      'parts',
      { norms: 'learned' },
      { start: `${at('trained')}.run`, signal: controller.signal, onStep },
    )
    await expect(search(request)).rejects.toThrow('interrupted')
    const resumed: SearchRequest = {
      kind: 'search',
      choice: {},
      resume: `${at('parts')}.run`,
      threads: 1,
      device: 'cpu',
    }
    await search(resumed)
    expect(readFileSync(at('parts')).equals(readFileSync(at('started')))).toBe(true)
    await expect(search({ ...resumed, start: at('random') })).rejects.toThrow(
      /--start is [0-9a-f]{8} there, [0-9a-f]{8} here/,
    )
    copyFileSync(at('trained'), at('moving'))
    await search(run('moved', {}, { start: at('moving') }))
    copyFileSync(at('random'), at('moving'))
    await expect(search({ ...resumed, resume: `${at('moved')}.run` })).rejects.toThrow(
      /the model that it started from, .*moving\.safetensors, has changed since the run began/,
    )
  })

  test('is refused from another configuration, and in a training', async () => {
    await expect(search(run('no', { layers: 1 }, { start: at('trained') }))).rejects.toThrow(
      'trained.safetensors: "start" expected the configuration of the run, got another: --layers is 2 there, 1 here',
    )
    await expect(search(run('no', {}, { kind: 'train', start: at('trained') }))).rejects.toThrow(
      '"start" expected an algorithm that it serves (edge-popup, annealed, iterand), got dense',
    )
    const redrawn = await search(run('redrawn', { algorithm: 'iterand', redrawEvery: 5 }, { start: at('trained') }))
    expect(redrawn.settings.start).toBe(report.settings.start)
  })
})
