import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sortCorpus } from '../../src/files/sort-corpus.js'
import { fetchCheckpoint } from '../../src/queue/checkpoints.js'
import type { Job } from '../../src/queue/job.js'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { openQueue, openRedis, queueNameOf } from '../../src/queue/redis.js'
import { runHere } from '../../src/queue/run-here.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import { createSearchJob } from '../../src/queue/search-job.js'
import type { Store } from '../../src/queue/store.js'
import { main } from '../cli/slt.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-resume-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const never = new AbortController().signal

const STEPS = 600

function searchJob(): Job {
  const task = { name: 'sort', letters: 3, length: 6 } as const
  const choice = { kind: 'search', task, model: 'micro', layers: 2, batch: 8, steps: STEPS, seed: 3n } as const
  const shared = { label: 'a search', choice, corpus: sortCorpus(task, 3n), inputs: {}, raw: false }
  return createSearchJob({ ...shared, threads: 1, device: 'cpu', validateEvery: 0 })
}

/** The step that the store's checkpoint of a job has. */
async function savedStep(store: Store, { id }: Job): Promise<number | undefined> {
  const head = await store.read(`checkpoints/${id}/head.json`)
  return head && JSON.parse(Buffer.from(head).toString()).step
}

describe.skipIf(withoutRedis)('a search whose workers go', () => {
  let redis: TestRedis
  const workers: ChildProcess[] = []
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL')
    await redis.stop()
  })

  function startWorker(store: string) {
    const scratch = join(folder, `scratch-${workers.length}`) // as if each were another machine
    const place = ['--queue', redis.address, '--store', store, '--scratch', scratch]
    const room = ['--jobs', '1', '--memory', '2', '--claim', '1', '--checkpoint-every', '0.1']
    const process_ = spawn(process.execPath, [main, 'work', ...place, ...room], { stdio: ['ignore', 'ignore', 'pipe'] })
    workers.push(process_)
    const worker = { process: process_, said: '' }
    process_.stderr.setEncoding('utf8').on('data', (piece) => {
      worker.said += piece
    })
    return worker
  }

  test('goes on elsewhere from the last checkpoint: after SIGTERM from its newest step, after SIGKILL from the saved one; the result is that of an uninterrupted one', async () => {
    const [address, job] = [join(folder, 'store'), searchJob()]
    const store = await openStore(address)
    const isBeyond = async (step: number) => {
      for (;;) {
        const saved = await savedStep(store, job)
        if (saved !== undefined && saved > step) return saved
        if (ended.length > 0) throw new Error(`ended before step ${step + 1} was saved: ${ended}`)
        await setTimeout(20)
      }
    }
    const ended: string[] = []
    const place = await openRedis(redis.address)
    const running = runOnQueue([job], {
      redis: place,
      store,
      signal: never,
      onFailed: (_, message) => ended.push(message),
      onDone: () => ended.push('done'),
    })

    const first = startWorker(address)
    const before = await isBeyond(0)
    first.process.kill('SIGTERM')
    expect(await once(first.process, 'close')).toEqual([0, null])
    const drained = (await savedStep(store, job))!
    expect(drained).toBeGreaterThan(before)
    const connection = place.connect()
    const queue = openQueue(place, queueNameOf(job), connection)
    const queued = (await queue.getJob(job.id))!
    expect([await queued.getState(), queued.attemptsMade]).toEqual(['waiting', 0])
    await queue.close()
    connection.disconnect()

    const second = startWorker(address)
    const saved = await isBeyond(drained)
    second.process.kill('SIGKILL')
    await once(second.process, 'close')
    expect(second.said).toContain(`a search: goes on from step ${drained}\n`)
    const last = (await savedStep(store, job))!
    expect(last).toBeGreaterThanOrEqual(saved)

    const third = startWorker(address)
    await running
    expect(ended).toEqual(['done'])
    expect(third.said).toContain(`a search: goes on from step ${last}\n`)
    expect(last).toBeLessThan(STEPS)

    const alone = await openStore(join(folder, 'alone'))
    const room = { scratch: join(folder, 'alone-scratch'), slots: 1, memory: 4e9, signal: never }
    await runHere([job], { store: alone, ...room })
    for (const prefix of ['results/', 'objects/']) {
      const keys = await alone.list(prefix)
      expect(keys.length).toBeGreaterThan(0)
      expect(await store.list(prefix)).toEqual(keys)
      for (const key of keys) expect(await store.read(key), key).toEqual(await alone.read(key))
    }
    expect(await store.list('checkpoints/')).toEqual([])
  }, 240_000)
})

describe('a damaged checkpoint', () => {
  const job = createNothingJob({ number: 1 })
  const head = `checkpoints/${job.id}/head.json`
  const sha256 = '5f'.repeat(32)
  const saved = `checkpoints/${job.id}/${sha256}`

  test.each([
    [
      'other bytes',
      JSON.stringify({ step: 7, files: { 'run/run.json': { sha256, bytes: 4 } } }),
      /holds 5 bytes of another content/,
    ],
    [
      'a file that is gone',
      JSON.stringify({ step: 7, files: { gone: { sha256: 'a'.repeat(64), bytes: 4 } } }),
      /is not in the store any more/,
    ],
    ['half a head', '{"step":7,"fi', /head\.json: names no checkpoint/],
    [
      'a path out of the folder',
      JSON.stringify({ step: 7, files: { '../../x': { sha256, bytes: 4 } } }),
      /names no checkpoint/,
    ],
    ['no files', '{"step":7}', /names no checkpoint/],
  ])('%s: is told and removed, and the job starts from its beginning', async (_, text, expected) => {
    const store = await openStore(mkdtempSync(join(folder, 'damaged-')))
    await store.create(head, Buffer.from(text))
    await store.create(saved, Buffer.from('wrong'))
    const notes: string[] = []
    const into = mkdtempSync(join(folder, 'into-'))
    expect(await fetchCheckpoint(store, job.id, into, (line) => notes.push(line))).toBe(undefined)
    expect(notes).toEqual([expect.stringMatching(expected)])
    expect(notes[0]).toMatch(/: the job starts from its beginning$/)
    expect(await store.list('checkpoints/')).toEqual([])
  })
})
