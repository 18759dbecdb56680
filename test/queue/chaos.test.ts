import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { openRedis } from '../../src/queue/redis.js'
import { runHere } from '../../src/queue/run-here.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'
import { type S3Server, s3Environment, startS3 } from './s3-server.js'

const slt = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const WORKERS = 4
const CLAIM = 2 // seconds

/** Processes whose command line has a text, by /proc. */
const processesWith = (text: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/environ`, 'utf8').includes(text)
      } catch {
        return false
      }
    })
    .map(Number)

describe.skipIf(withoutRedis || process.platform !== 'linux')(
  'workers that are killed, frozen, and a Redis that restarts',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'slt-chaos-'))
    const mark = `SLT_CHAOS=${folder}` // in the environment of every process of this test
    let redis: TestRedis
    let s3: S3Server
    beforeAll(async () => {
      redis = await startRedis()
      s3 = await startS3()
      for (const [name, value] of Object.entries(s3Environment(s3))) vi.stubEnv(name, value)
    })
    afterAll(async () => {
      vi.unstubAllEnvs()
      await s3.stop()
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    test.each([
      ['a folder', 100, join(folder, 'store')],
      ['S3', 40, 's3://bucket/prefix'],
    ])(
      'a store in %s: %i jobs have as many results, each once, byte for byte as in one process; nothing is left running',
      async (kind, JOBS, address) => {
        const startWorker = () => {
          const args = [
            '--queue',
            redis.address,
            '--store',
            address,
            '--jobs',
            '1',
            '--memory',
            '2',
            '--claim',
            String(CLAIM),
          ]
          return spawn(process.execPath, [slt, 'work', ...args, '--scratch', join(folder, 'scratch')], {
            stdio: 'ignore',
            env: { ...process.env, SLT_CHAOS: folder },
          })
        }
        const workers: ChildProcess[] = Array.from({ length: WORKERS }, startWorker)
        const jobs = Array.from({ length: JOBS }, (_, i) =>
          createNothingJob({ number: 1000 * JOBS + i, rounds: 2000, wait: 20_000 / JOBS }),
        )
        const store = await openStore(address)
        const place = await openRedis(redis.address)
        const ended = new AbortController()
        let [killed, restarted, frozen] = [0, 0, 0]
        let done = 0

        /**
         * Kills a worker whenever a tenth of the results more is there, and a moment later, so that it is whatever it does then; ends Redis after a
         * third of the results, and after half of them while a worker is frozen beyond its claim. By results and not by the clock: a busy machine
         * takes seconds to start a worker.
         */
        const trouble = async () => {
          for (let next = JOBS / 10; !ended.signal.aborted; next = done + JOBS / 10) {
            while (done < next && !ended.signal.aborted) await setTimeout(20)
            await setTimeout(500 * Math.random())
            if (ended.signal.aborted) return
            const at = Math.floor(Math.random() * WORKERS)
            workers[at].kill('SIGKILL')
            workers[at] = startWorker()
            killed++
            if (restarted === 0 && done > JOBS / 3) {
              restarted++
              await redis.restart('SIGTERM')
            }
            if (frozen === 0 && done > JOBS / 2) {
              frozen++
              const victim = workers[(at + 1) % WORKERS]
              victim.kill('SIGSTOP')
              restarted++
              await redis.restart('SIGKILL')
              await setTimeout(3000 * CLAIM)
              victim.kill('SIGCONT')
            }
          }
        }
        const troubling = trouble()
        const failed: string[] = []
        try {
          await runOnQueue(jobs, {
            redis: place,
            store,
            signal: ended.signal,
            onDone: () => done++,
            onFailed: (job, message) => failed.push(`${job.label}: ${message}`),
          })
        } finally {
          ended.abort()
          await troubling
          for (const worker of workers) worker.kill('SIGTERM')
          await Promise.all(
            workers.map(
              (worker) => worker.exitCode ?? worker.signalCode ?? new Promise((exit) => worker.once('exit', exit)),
            ),
          )
        }
        expect(failed).toEqual([])
        expect(done).toBe(JOBS)
        expect(killed).toBeGreaterThan(3)
        expect([restarted, frozen]).toEqual([2, 1])
        expect(await store.list('disagreements')).toEqual([])

        const alone = await openStore(join(folder, `alone in ${kind}`))
        const quick = jobs.map((job) => ({ ...job, request: { ...job.request, wait: 0 } })) // the same jobs, not waiting
        await runHere(quick, {
          store: alone,
          scratch: join(folder, 'alone-scratch'),
          slots: 1,
          memory: 1e9,
          signal: new AbortController().signal,
        })
        const keys = await alone.list('results')
        expect(keys.length).toBe(JOBS)
        expect(await store.list('results')).toEqual(keys)
        for (const key of keys) expect(await store.read(key), key).toEqual(await alone.read(key))

        for (let tries = 0; processesWith(mark).length > 0 && tries < 100; tries++) await setTimeout(100)
        expect(processesWith(mark)).toEqual([])
      },
      240_000,
    )
  },
)
