import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { workerName } from '../../src/queue/execute.js'
import type { Job } from '../../src/queue/job.js'
import { createJobProcess } from '../../src/queue/job-process.js'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { openRedis } from '../../src/queue/redis.js'
import { findResult } from '../../src/queue/results.js'
import { runHere } from '../../src/queue/run-here.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import type { JobProgress } from '../../src/queue/run-state.js'
import type { Store } from '../../src/queue/store.js'
import { work } from '../../src/queue/work.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-queue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const range = (count: number) => Array.from({ length: count }, (_, i) => i)
const noNotes = (line: string) => expect.fail(line)

/** A process that this one has started, by a word of its command. */
function childOf(word: string): ChildProcess {
  const handles: unknown[] = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
  return handles.find((handle) =>
    (handle as ChildProcess).spawnargs?.some((part) => part.includes(word)),
  ) as ChildProcess
}

async function valuesOf(store: Store, jobs: readonly Job[]) {
  const results = await Promise.all(jobs.map(({ id }) => findResult(store, id, noNotes)))
  return results.map((result) => result?.values)
}

describe('in this process', () => {
  test('every job has its result; asked again, none is run', async () => {
    const store = await openStore(join(folder, 'here'))
    const jobs = range(12).map((number) => createNothingJob({ number, rounds: 1000 }))
    const room = { store, scratch: join(folder, 'here-scratch'), slots: 2, memory: 1e9, signal: never }
    const found: boolean[] = []
    const onDone = (_: Job, execution: { found: boolean }) => found.push(execution.found)
    await runHere(jobs, { ...room, onDone })
    expect(found).toEqual(range(12).map(() => false))
    expect((await valuesOf(store, jobs)).map((values) => values?.number)).toEqual(range(12))
    await runHere(jobs, { ...room, onDone })
    expect(found.slice(12)).toEqual(range(12).map(() => true))
  })

  test('a process that was ended between two jobs is started again', async () => {
    const process = createJobProcess()
    const run = (number: number) => {
      const job = createNothingJob({ number })
      return process.run({ job, inputs: {}, folder, checkpointSeconds: 60 }, {}, never)
    }
    expect((await run(1)).values.number).toBe(1)
    const child = childOf('job-child.js')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await run(2)).values.number).toBe(2)
    await process.close()
  })

  test('a job that fails, or ends its process, is told with its log, and the others go on', async () => {
    const store = await openStore(join(folder, 'failing'))
    const jobs = [
      createNothingJob({ number: 1, fails: 'error' }),
      createNothingJob({ number: 2, fails: 'exit' }),
      createNothingJob({ number: 3 }),
    ]
    const failed: string[] = []
    await runHere(jobs, {
      store,
      scratch: join(folder, 'failing-scratch'),
      slots: 1,
      memory: 1e9,
      signal: never,
      onFailed: (_job, message) => failed.push(message),
    })
    expect(failed).toEqual(['job 1 fails, as it was told', "the job's process ended: SIGTERM"])
    expect((await valuesOf(store, jobs)).map((values) => values?.number)).toEqual([undefined, undefined, 3])
  })
})

describe.skipIf(withoutRedis)('on a queue', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  test('a worker does what is asked for, with the results of this process byte for byte', async () => {
    const place = await openRedis(redis.address)
    expect(place.warnings).toEqual([])
    const store = await openStore(join(folder, 'queue'))
    const jobs = range(40).map((number) => createNothingJob({ number, rounds: 1000 }))
    const stop = new AbortController()
    const working = work({
      redis: place,
      store,
      scratch: join(folder, 'queue-scratch'),
      slots: 2,
      memory: 2 ** 31,
      devices: ['cpu'],
      claim: 5,
      signal: stop.signal,
    })
    const done: Job[] = []
    await runOnQueue(jobs, { redis: place, store, signal: never, onDone: (job) => done.push(job) })
    stop.abort()
    await working
    expect(done.length).toBe(40)
    const alone = await openStore(join(folder, 'alone'))
    await runHere(jobs, { store: alone, scratch: join(folder, 'alone-scratch'), slots: 1, memory: 1e9, signal: never })
    for (const key of await alone.list('results')) expect(await store.read(key)).toEqual(await alone.read(key))
  })

  test('how far a job is, and the value of its curve, are told while it runs', async () => {
    const place = await openRedis(redis.address)
    const store = await openStore(join(folder, 'progress'))
    const stop = new AbortController()
    const room = { slots: 1, memory: 2 ** 31, devices: ['cpu' as const], claim: 5, signal: stop.signal }
    const working = work({ redis: place, store, scratch: join(folder, 'progress-scratch'), ...room })
    const told: (string | JobProgress)[] = []
    await runOnQueue([createNothingJob({ number: 102, wait: 3000 })], {
      redis: place,
      store,
      signal: never,
      onStart: (_job, worker) => told.push(worker),
      onProgress: (_job, progress) => told.push(progress),
    })
    stop.abort()
    await working
    expect(told[0]).toBe(workerName())
    const heard = told.slice(1) as JobProgress[]
    expect(heard.length).toBeGreaterThan(0)
    for (const { done, total, text, value } of heard) {
      expect([total, text, value]).toEqual([10, 'waiting 3000 ms', 1 / done])
    }
  })

  test('a job that always fails has three tries, and is told with its log', async () => {
    const place = await openRedis(redis.address)
    const store = await openStore(join(folder, 'thrice'))
    const stop = new AbortController()
    const tries: number[] = []
    const working = work({
      redis: place,
      store,
      scratch: join(folder, 'thrice-scratch'),
      slots: 1,
      memory: 2 ** 31,
      devices: ['cpu'],
      claim: 5,
      signal: stop.signal,
      onFailed: (_job, _message, left) => tries.push(left),
    })
    const failed: string[] = []
    const jobs = [createNothingJob({ number: 100, fails: 'error' }), createNothingJob({ number: 101 })]
    const onFailed = (_job: Job, message: string, log: string) => failed.push(message, log)
    await runOnQueue(jobs, { redis: place, store, signal: never, onFailed })
    stop.abort()
    await working
    expect(tries).toEqual([2, 1, 0])
    expect(failed[0]).toBe('job 100 fails, as it was told')
    expect(failed[1]).toContain('job 100 fails')
    expect((await valuesOf(store, jobs))[1]).toBeDefined()
  })
})
