import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { storeInput } from '../../src/queue/inputs.js'
import type { Job } from '../../src/queue/job.js'
import { createNothingJob, type NothingSettings } from '../../src/queue/nothing-job.js'
import { storeFile } from '../../src/queue/objects.js'
import { openStore } from '../../src/queue/open-store.js'
import { openQueue, openRedis, queueNameOf, type RedisPlace } from '../../src/queue/redis.js'
import { findResult, keepResult, makingsOf } from '../../src/queue/results.js'
import { runHere } from '../../src/queue/run-here.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import type { Store } from '../../src/queue/store.js'
import { type WorkOptions, work } from '../../src/queue/work.js'
import { InputError } from '../../src/safetensors/index.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'
import { troubledStore } from './trouble.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-bad-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const full = (key: string) => Promise.reject(new InputError(`${key}: no space left on the device`))
const jobsOf = (count: number, settings: Omit<NothingSettings, 'number'> = {}) =>
  Array.from({ length: count }, (_, number) => createNothingJob({ number, ...settings }))
const newFolder = () => mkdtempSync(join(folder, 'test-'))

/** Every result once, made as often as `makings` says, with nothing damaged or disputed. */
async function expectWhole(store: Store, jobs: readonly Job[]) {
  expect((await store.list('results/')).length).toBe(jobs.length)
  for (const { id } of jobs) expect((await findResult(store, id, expect.fail))?.values).toBeDefined()
  expect([await store.list('disagreements/'), await store.list('checkpoints/')]).toEqual([[], []])
}

describe('without a queue', () => {
  const room = () => ({ scratch: newFolder(), slots: 1, memory: 1e9, signal: never })

  test('a store that is full ends the sweep in one line; what was stored before stays, the rest is run by the next one', async () => {
    const store = await openStore(newFolder())
    const jobs = jobsOf(4)
    let writes = 0
    const filling = troubledStore(store, (key) => (++writes > 4 ? full(key) : undefined)) // two writes a job
    await expect(runHere(jobs, { ...room(), store: filling })).rejects.toThrow(
      /results\/.*: no space left on the device$/,
    )
    expect((await store.list('results/')).length).toBe(2)
    const found: boolean[] = []
    await runHere(jobs, { ...room(), store, onDone: (_, execution) => found.push(execution.found) })
    expect(found).toEqual([true, true, false, false])
    await expectWhole(store, jobs)
  })

  test('a lost write of a result is told, and the result is not counted', async () => {
    const store = await openStore(newFolder())
    const losing = troubledStore(store, async (key) => (key.startsWith('results/') ? 'lost' : undefined))
    const done: Job[] = []
    await expect(runHere(jobsOf(1), { ...room(), store: losing, onDone: (job) => done.push(job) })).rejects.toThrow(
      /results\/.*: was written, and is not there: the store lost it$/,
    )
    expect(done).toEqual([])
  })

  test('a lost write of a file is told before a result names it', async () => {
    const store = await openStore(newFolder())
    const path = join(newFolder(), 'file')
    writeFileSync(path, 'content')
    const losing = troubledStore(store, async () => 'lost' as const)
    await expect(storeFile(losing, path)).rejects.toThrow(
      /objects\/ed\/ed7002b4.*: was written, and is not there: the store lost it$/,
    )
  })

  test('a result whose file is gone is set aside and made again', async () => {
    const store = await openStore(newFolder())
    const [job] = jobsOf(1)
    const path = join(newFolder(), 'file')
    writeFileSync(path, 'content')
    const file = await storeFile(store, path)
    const making = { worker: 'test', seconds: 1, at: '2026-01-01T00:00:00.000Z' }
    await keepResult(store, job, { values: {}, files: { file } }, making)
    expect((await findResult(store, job.id, expect.fail))?.files).toEqual({ file })
    for (const key of await store.list('objects/')) await store.remove(key)
    const notes: string[] = []
    expect(await findResult(store, job.id, (line) => notes.push(line))).toBe(undefined)
    expect(notes).toEqual([expect.stringMatching(/its file file is not whole in the store any more; it is set aside/)])
    expect((await store.list('damaged/')).length).toBe(1)
  })

  test('a damaged result is set aside and run again; counted once', async () => {
    const store = await openStore(newFolder())
    const [job] = jobsOf(1)
    await runHere([job], { ...room(), store })
    const [key] = await store.list('results/')
    const right = Buffer.from((await store.read(key))!)
    for (const wrong of [right.toString().replace('"number":0', '"number":7'), right.subarray(0, 50), '']) {
      await store.replace(key, Buffer.from(wrong))
      const [notes, done]: [string[], unknown[]] = [[], []]
      const onNote = (_: Job, line: string) => notes.push(line)
      await runHere([job], {
        ...room(),
        store,
        onNote,
        onDone: (_, { result, found }) => done.push(result.values.number, found),
      })
      expect(notes).toEqual([
        expect.stringMatching(
          /it is not a result, or does not have the hash that it says; it is set aside, and the job is run again$/,
        ),
      ])
      expect(done).toEqual([0, false])
      expect(Buffer.from((await store.read(key))!)).toEqual(right)
    }
    expect((await store.list('damaged/')).length).toBe(3)
    await expectWhole(store, [job])
  })

  test('a result that is damaged while another worker makes it is no other result', async () => {
    const store = await openStore(newFolder())
    const [job] = jobsOf(1, { wait: 100 })
    const running = runHere([job], { ...room(), store })
    const key = `results/${job.id.slice(0, 2)}/${job.id}.json`
    await store.create(key, Buffer.from('{"id":"damaged"}'))
    await running
    expect((await store.list('damaged/')).length).toBe(1)
    await expectWhole(store, [job])
  })
})

describe.skipIf(withoutRedis)('on a queue', () => {
  let redis: TestRedis
  let place: RedisPlace
  let stop: AbortController
  beforeAll(async () => {
    redis = await startRedis()
    place = await openRedis(redis.address)
  })
  beforeEach(() => {
    stop = new AbortController()
  })
  afterEach(async () => {
    const connection = place.connect()
    await connection.flushall()
    connection.disconnect()
  })
  afterAll(() => redis.stop())

  const startWork = (store: Store, options: Partial<WorkOptions> = {}) =>
    work({
      redis: place,
      store,
      scratch: newFolder(),
      slots: 1,
      memory: 2 ** 30,
      devices: ['cpu'],
      claim: 5,
      signal: stop.signal,
      ...options,
    })

  test('a worker whose store is full ends after three jobs; all of them are back with all their tries', async () => {
    const store = await openStore(newFolder())
    const jobs = jobsOf(6)
    const failed: string[] = []
    const running = runOnQueue(jobs, {
      redis: place,
      store,
      signal: never,
      onFailed: (_, message) => failed.push(message),
    })
    const notes: string[] = []
    const bad = startWork(troubledStore(store, full), { slots: 2, onNote: (line) => notes.push(line) })
    await expect(bad).rejects.toThrow(
      /^3 jobs one after another went back to the queue: results\/.*: no space left on the device$/,
    )
    expect(notes[0]).toMatch(/^nothing \d: goes back to the queue: results\/.*: no space left on the device$/)
    const connection = place.connect()
    const queue = openQueue(place, queueNameOf(jobs[0]), connection)
    const all = await queue.getJobs(['waiting', 'active', 'delayed', 'failed'])
    expect(all.map(({ attemptsMade, failedReason }) => [attemptsMade, failedReason])).toEqual(
      jobs.map(() => [0, undefined]),
    )
    expect(await queue.getWaitingCount()).toBe(6)
    await queue.close()
    connection.disconnect()
    const good = startWork(store)
    await running
    stop.abort()
    await good
    expect(failed).toEqual([])
    await expectWhole(store, jobs)
  }, 60_000)

  test('a store that is full for one write costs no try; a slow one costs nothing', async () => {
    const store = await openStore(newFolder())
    const jobs = jobsOf(3)
    let writes = 0
    const troubled = troubledStore(store, async (key) => {
      await setTimeout(50)
      return ++writes === 1 ? full(key) : undefined
    })
    const failed: string[] = []
    const onFailed = (_: Job, message: string) => failed.push(message)
    const working = startWork(troubled, { onFailed })
    await runOnQueue(jobs, { redis: place, store, signal: never, onFailed })
    stop.abort()
    await working
    expect(failed).toEqual([])
    await expectWhole(store, jobs)
    for (const { id } of jobs) expect((await makingsOf(store, id)).length).toBe(1)
  }, 60_000)

  test('a job that no worker can store is not handed round for ever', async () => {
    const store = await openStore(newFolder())
    const [job] = jobsOf(1)
    const troubled = troubledStore(store, full)
    const failed: string[] = []
    const running = runOnQueue([job], {
      redis: place,
      store,
      signal: never,
      onFailed: (_, message) => failed.push(message),
    })
    const connection = place.connect()
    const queue = openQueue(place, queueNameOf(job), connection)
    while ((await queue.getWaitingCount()) === 0) await setTimeout(20)
    await connection.hset(`slt:${queueNameOf(job)}:${job.id}`, 'ats', 19, 'atm', 2) // started 19 times, failed twice
    await expect(startWork(troubled)).rejects.toThrow(/^3 jobs/)
    await running
    expect(failed).toEqual([expect.stringMatching(/no space left on the device \(started 22 times\)$/)])
    await queue.close()
    connection.disconnect()
  }, 60_000)

  test('an input that was changed in the store fails its job alone, and the worker goes on', async () => {
    const store = await openStore(newFolder())
    const path = join(newFolder(), 'text')
    writeFileSync(path, 'right')
    const input = await storeInput(store, path)
    const [key] = await store.list('objects/')
    await store.replace(key, Buffer.from('wrong'))
    const [first, second] = jobsOf(2)
    const [failed, done]: [string[], string[]] = [[], []]
    const working = startWork(store)
    await runOnQueue([{ ...first, inputs: { text: input } }, second], {
      ...{ redis: place, store, signal: never },
      onDone: ({ label }) => done.push(label),
      onFailed: ({ label }, message) => failed.push(`${label}: ${message}`),
    })
    stop.abort()
    await working
    expect(done).toEqual(['nothing 1'])
    // The first try found other bytes and removed them.
    expect(failed).toEqual([expect.stringMatching(/^nothing 0: .*objects\/.*: is not in the store any more$/)])
  }, 60_000)

  test('a result that was lost after its job ended is made again', async () => {
    const store = await openStore(newFolder())
    const jobs = jobsOf(3)
    let lost = 0
    const losing: Store = {
      ...store,
      async create(key, content) {
        const isNew = await store.create(key, content)
        if (key.startsWith('made/') && lost++ === 0) {
          for (const each of await store.list('results/')) await store.remove(each) // behind the worker's back
        }
        return isNew
      },
    }
    const notes: string[] = []
    const done: string[] = []
    const working = startWork(losing)
    const hearers = { onNote: (_: Job, line: string) => notes.push(line), onDone: ({ label }: Job) => done.push(label) }
    await runOnQueue(jobs, { redis: place, store, signal: never, ...hearers })
    stop.abort()
    await working
    expect(notes).toEqual([
      expect.stringMatching(/^the queue calls it done, but its result is not in .*: do workers have the same store\?/),
    ])
    expect(done.sort()).toEqual(jobs.map(({ label }) => label))
    await expectWhole(store, jobs)
  }, 60_000)
})
