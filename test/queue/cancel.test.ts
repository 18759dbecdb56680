import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelJobs } from '../../src/queue/cancel.js'
import type { Job } from '../../src/queue/job.js'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { openQueue, openRedis, queueNameOf } from '../../src/queue/redis.js'
import { findResult } from '../../src/queue/results.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import { work } from '../../src/queue/work.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-cancel-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(withoutRedis)('a queue', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  test('jobs that are taken back wait no more, run no more, are told, and can be asked for again', async () => {
    const place = await openRedis(redis.address)
    const store = await openStore(join(folder, 'store'))
    const { signal } = new AbortController()
    const stop = new AbortController()
    // Long enough not to end by itself, and of another number than what is asked for again.
    const jobs = [1, 2, 3].map((number) => createNothingJob({ number, wait: 600_000 }))
    const failed: string[] = []
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const room = { store, scratch: join(folder, 'scratch'), slots: 1, memory: 2 ** 31, devices: ['cpu'] as const }
    const working = work({ redis: place, ...room, claim: 1, signal: stop.signal })
    const onFailed = ({ label }: Job, message: string) => failed.push(`${label}: ${message}`)
    const asking = runOnQueue(jobs, { redis: place, store, signal, onFailed, onStart: () => begin() })
    await begun
    expect(await cancelJobs(place, jobs)).toEqual({ waiting: 2, running: 1 })
    await asking // its worker hears of it when it renews its claim
    expect(failed.sort()).toEqual(['nothing 1: cancelled', 'nothing 2: cancelled', 'nothing 3: cancelled'])
    expect(await cancelJobs(place, jobs)).toEqual({ waiting: 0, running: 0 })

    const quick = createNothingJob({ number: 4 })
    const again: Job = { ...quick, id: jobs[1].id } // the same name as one that was taken back
    await runOnQueue([again], { redis: place, store, signal, onFailed })
    expect(failed).toHaveLength(3)
    expect((await findResult(store, again.id, () => {}))?.values.number).toBe(4)
    stop.abort()
    await working
  })

  test('what is no job ends as failed at once, and its worker goes on', async () => {
    const place = await openRedis(redis.address)
    const store = await openStore(join(folder, 'poisoned'))
    const stop = new AbortController()
    const notes: string[] = []
    const room = { store, scratch: join(folder, 'scratch-2'), slots: 1, memory: 2 ** 31, devices: ['cpu'] as const }
    const sound = createNothingJob({ number: 5 })
    const connection = place.connect()
    const queue = openQueue(place, queueNameOf(sound), connection)
    for (const [i, data] of [null, {}, { ...sound, id: '../../x' }, { ...sound, inputs: { a: {} } }].entries())
      await queue.add('nothing', data, { jobId: `poison-${i}` })
    const working = work({
      ...{ redis: place, ...room, claim: 5, signal: stop.signal },
      onNote: (line) => notes.push(line),
    })
    await runOnQueue([sound], { redis: place, store, signal: new AbortController().signal })
    expect(notes.map((line) => line.replace(/ expected .*/, ''))).toEqual([
      'poison-0: not a job of this queue: "job"',
      'poison-1: not a job of this queue: "id"',
      'poison-2: not a job of this queue: "id"',
      'poison-3: not a job of this queue: "inputs.a.name"',
    ])
    const poisoned = await queue.getJob('poison-0')
    expect([await poisoned?.getState(), poisoned?.attemptsMade]).toEqual(['failed', 1])
    stop.abort()
    await working
    await queue.close()
    connection.disconnect()
  })
})
