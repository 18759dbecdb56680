import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { keepResult } from '../../src/queue/results.js'
import { createStoredMakings } from '../../src/queue/stored-makings.js'
import { readPlan, runsOf, subjectOf } from '../../src/queue/sweep.js'
import { openSweepFolder } from '../../src/queue/sweep-folder.js'
import { parseSavedSweep } from '../../src/queue/sweep-record.js'
import { followSweep } from '../../src/queue/sweep-state.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-sweep-folder-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const plan = readPlan({ command: 'search', options: { data: 'a/b/play.txt' }, grid: { keep: ['0.1', '0.3'] } })
const jobs = [createNothingJob({ number: 1 }), createNothingJob({ number: 2 })]
const follow = () => followSweep(runsOf(plan), jobs, () => {})
const result = { values: {}, files: {} }
const never = new AbortController().signal

test('a sweep that is asked for again keeps when it began and ended; one that runs again ends anew', async () => {
  const out = join(folder, 'times.sweep')
  const record = { plan, queue: null, store: 'store', jobs }
  const saved = () => parseSavedSweep('state.json', readFileSync(join(out, 'state.json'), 'utf8'))
  const write = async (state: ReturnType<typeof follow>, at: number) => {
    const sweep = await openSweepFolder(out, record, {}, () => new Date(at))
    await sweep.writeState(state, true)
    return saved()
  }
  const timeOf = (seconds: number) => new Date(1000 * seconds).toISOString()
  const begun = follow()
  begun.events.onStart(jobs[0], 'w')
  expect(await write(begun, 1000)).toMatchObject({ startedAt: timeOf(1), endedAt: null })
  for (const job of jobs) begun.events.onDone(job, { result, found: false, agrees: true })
  expect(await write(begun, 5000)).toMatchObject({ startedAt: timeOf(1), endedAt: timeOf(5) })
  const again = follow()
  for (const job of jobs) again.events.onDone(job, { result, found: true, agrees: true })
  expect(await write(again, 9000)).toMatchObject({ startedAt: timeOf(1), endedAt: timeOf(5) })
  const fresh = follow()
  fresh.events.onDone(jobs[0], { result, found: true, agrees: true })
  fresh.events.onFailed(jobs[1], 'no', '')
  expect(await write(fresh, 11_000)).toMatchObject({ startedAt: timeOf(1), endedAt: timeOf(11) })
})

test('a file that is not written this time is not left from an earlier one', async () => {
  const out = join(folder, 'files.sweep')
  const sweep = await openSweepFolder(out, { plan, queue: null, store: 'store', jobs }, {})
  await sweep.writeResults({ 'results.md': 'a', 'figure.svg': '<svg/>' })
  const written = await sweep.writeResults({ 'results.md': 'b', 'figure.svg': undefined })
  expect(written).toEqual([join(out, 'results.md')])
  expect(existsSync(join(out, 'figure.svg'))).toBe(false)
})

test('the worker of a run that was done before is who made it: the first that agrees, or nobody that is known', async () => {
  const store = await openStore(join(folder, 'store'))
  const making = (worker: string, at: string) => ({ worker, seconds: 12, at })
  await keepResult(store, jobs[0], result, making('maker:1', '2026-01-02'))
  await keepResult(store, jobs[0], { ...result, values: { other: 1 } }, making('other:2', '2026-01-01'))
  await keepResult(store, jobs[0], result, making('late:3', '2026-01-03'))
  const { runs, events } = follow()
  for (const job of jobs) {
    events.onStart(job, 'here:9')
    events.onDone(job, { result, found: true, agrees: true })
  }
  expect(runs.map(({ worker }) => worker)).toEqual([undefined, undefined])
  const makings = createStoredMakings(store)
  await makings.fill(runs, never)
  expect(runs.map(({ worker, seconds }) => [worker, seconds])).toEqual([
    ['maker:1', 12],
    [undefined, undefined],
  ])
  // Of a run that was done now, who ran it stays where the store tells nothing.
  const now = follow()
  now.events.onStart(jobs[1], 'here:9')
  now.events.onDone(jobs[1], { result, found: false, agrees: true })
  await createStoredMakings(store).fill(now.runs, never)
  expect(now.runs.map(({ worker }) => worker)).toEqual([undefined, 'here:9'])
})

test('what a sweep is about is what all its runs share, without its path', () => {
  expect(subjectOf(plan)).toBe('play.txt')
  const other = (options: object, grid: object) => subjectOf(readPlan({ command: 'search', options, grid }))
  expect(other({ folder: 'models/gpt2/' }, { items: [4] })).toBe('gpt2')
  expect(other({ data: 'a.txt' }, { data: ['b.txt', 'c.txt'] })).toBeUndefined()
  expect(other({}, { keep: [0.1] })).toBeUndefined()
})
