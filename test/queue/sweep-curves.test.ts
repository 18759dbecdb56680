import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createCurve, pointsFor } from '../../src/queue/curve.js'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { storeFile } from '../../src/queue/objects.js'
import { openStore } from '../../src/queue/open-store.js'
import type { RunState } from '../../src/queue/run-state.js'
import { createStoredCurves } from '../../src/queue/stored-curves.js'
import { runsOf } from '../../src/queue/sweep.js'
import { followSweep } from '../../src/queue/sweep-state.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-curves-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a curve', () => {
  test('of few steps has a point for each', () => {
    const curve = createCurve()
    for (let step = 1; step <= 200; step++) curve.add(step, 200, 1 / step)
    expect(curve.points).toHaveLength(200)
    expect(curve.points.slice(0, 3)).toEqual([
      [1, 1],
      [2, 0.5],
      [3, 0.33333],
    ])
  })

  test.each([201, 1000, 2003, 1_000_000])('of %d steps has at most 200, each the mean of its stretch', (total) => {
    const curve = createCurve()
    const every = Math.ceil(total / 200)
    const by = Math.max(1, Math.floor(total / 5000))
    for (let step = by; step <= total; step += by) curve.add(step, total, step)
    expect(curve.points.length).toBeGreaterThan(100)
    expect(curve.points.length).toBeLessThanOrEqual(200)
    const [first, second] = curve.points
    expect(first[0]).toBe(every - (every % by))
    expect(first[1]).toBeCloseTo((by + first[0]) / 2, -Math.log10(first[0] * 1e-3))
    expect(second[1]).toBeCloseTo((first[0] + by + second[0]) / 2, -Math.log10(second[0] * 1e-3))
  })

  test('goes back with a run that is resumed, and begins anew with another length', () => {
    const curve = createCurve(5)
    for (const step of [1, 2, 3, 4, 5, 6]) curve.add(step, 10, step)
    expect(curve.points).toEqual([
      [2, 1.5],
      [4, 3.5],
      [6, 5.5],
    ])
    curve.add(3, 10, 9)
    curve.add(4, 10, 11)
    expect(curve.points).toEqual([
      [2, 1.5],
      [4, 10],
    ])
    curve.add(4, 10, 13) // the same step again
    expect(curve.points).toEqual([
      [2, 1.5],
      [4, 13],
    ])
    curve.add(1, 5, 7)
    expect(curve.points).toEqual([[1, 7]])
  })

  test('leaves out what is no step, or no number', () => {
    const curve = createCurve()
    curve.add(1, 10, Number.NaN)
    curve.add(0, 10, 1)
    curve.add(11, 10, 1)
    curve.add(1, 0, 1)
    expect(curve.points).toEqual([])
  })
})

test('many runs have fewer points each', () => {
  expect([1, 500, 1000, 10_000, 100_000].map(pointsFor)).toEqual([200, 200, 100, 10, 10])
})

const plan = { command: 'search', options: {}, grid: { keep: ['0.1', '0.3'] }, runs: [] } as const
const jobs = [createNothingJob({ number: 1 }), createNothingJob({ number: 2 })]
const follow = () => followSweep(runsOf(plan), jobs, () => {})

test('a sweep keeps the curves of its runs, also of one that has ended', () => {
  const { runs, events } = follow()
  for (let step = 1; step <= 400; step++) {
    events.onProgress(jobs[0], { done: step, total: 400, text: '', value: 1000 - step })
  }
  events.onProgress(jobs[1], { done: 1, total: 4, text: 'windows' })
  expect(runs[0].points).toHaveLength(200)
  expect(runs[0].points?.at(-1)).toEqual([400, 600.5])
  expect(runs[0].progress).toEqual({ done: 400, total: 400, text: '' })
  expect(runs[1].points).toBeUndefined()
  events.onFailed(jobs[0], 'lost', '')
  expect(runs[0]).toMatchObject({ status: 'failed', points: { length: 200 } })
})

describe('curves from the store', () => {
  /** A line of `curve.jsonl`, as a job leaves it: without times. */
  const line = (step: number) => `${JSON.stringify({ step, loss: 5 / step, learningRate: 1, tokens: step })}\n`
  const never = new AbortController().signal

  test('are those of runs that were done before, and whole where only a part was heard', async () => {
    const store = await openStore(join(folder, 'store'))
    const path = join(folder, 'curve.jsonl')
    writeFileSync(path, [1, 2, 3, 4].map(line).join(''))
    const { sha256, bytes } = await storeFile(store, path)
    const { runs, events } = follow()
    const result = { values: {}, files: { 'curve.jsonl': { sha256, bytes } } }
    events.onProgress(jobs[0], { done: 4, total: 4, text: '', value: 2 })
    for (const job of jobs) events.onDone(job, { result, found: true, agrees: true })
    await createStoredCurves(store).fill(runs, never)
    for (const { points } of runs) {
      expect(points).toEqual([
        [1, 5],
        [2, 2.5],
        [3, 1.6667],
        [4, 1.25],
      ])
    }
  })

  test('that are not there, or hold something else, change nothing', async () => {
    const store = await openStore(join(folder, 'poor'))
    const { sha256 } = await storeFile(store, join(folder, 'curve.jsonl'))
    await store.replace(`objects/${sha256.slice(0, 2)}/${sha256}`, new TextEncoder().encode(line(1)))
    const points = [[1, 3]] as const
    const run = (hash: string): RunState => ({
      ...{ id: hash, label: '', varied: {}, status: 'done', points, files: { 'curve.jsonl': hash } },
    })
    const runs = [run(sha256), run('0'.repeat(64))]
    await createStoredCurves(store).fill(runs, never)
    expect(runs.map((each) => each.points)).toEqual([points, points])
  })
})
