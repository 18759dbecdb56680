// What the queue costs: jobs of nothing over two workers on a Redis of its own, and the memory of a worker that waits. Every result is read back.
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { createNothingJob } from '../dist/queue/nothing-job.js'
import { openStore } from '../dist/queue/open-store.js'
import { findResult } from '../dist/queue/results.js'
import { runOnQueue } from '../dist/queue/run-on-queue.js'
import { inTemporaryFolder } from './cli.mjs'
import { withWorkers } from './redis-and-workers.mjs'

const JOBS = 1000
const WORKERS = 2

export async function run(log) {
  return inTemporaryFolder((folder) =>
    withWorkers({ folder, workers: WORKERS, memory: 2 }, async ({ place, store: address, redis, working }) => {
      const store = await openStore(address)
      await setTimeout(2000)
      const idle = Math.max(...working.map(({ pid }) => residentBytes(pid)))
      log(`a worker that waits: ${(idle / 1e6).toFixed(0)} MB`)
      const { signal } = new AbortController()
      const handOut = async (jobs) => {
        const started = performance.now()
        await runOnQueue(jobs, { redis: place, store, signal })
        return (performance.now() - started) / 1000
      }
      await handOut(Array.from({ length: WORKERS }, (_, i) => createNothingJob({ number: JOBS + i }))) // starts the jobs' processes
      const jobs = Array.from({ length: JOBS }, (_, number) => createNothingJob({ number }))
      const cpu = () => [
        ...[process, redis].map(({ pid }) => cpuSeconds(pid, false)),
        ...working.map(({ pid }) => cpuSeconds(pid, true)),
      ]
      const before = cpu()
      const seconds = await handOut(jobs)
      const [here, ofRedis, ...ofWorkers] = cpu().map((value, i) => value - before[i])
      const workerCpu = ofWorkers.reduce((sum, each) => sum + each, 0)
      const again = await handOut(jobs)
      for (const { id, request } of jobs) {
        const result = await findResult(store, id, (line) => log(line))
        if (result?.values.number !== request.number) throw new Error(`the result of job ${request.number} is wrong`)
      }
      const connection = place.connect()
      const keys = await connection.keys('slt:*')
      const sizes = await Promise.all(
        keys.filter((key) => key.includes(jobs[0].id)).map((key) => connection.memory('USAGE', key)),
      )
      connection.disconnect()
      const redisBytes = sizes.reduce((sum, bytes) => sum + bytes, 0)
      log(
        `${JOBS} jobs of nothing over ${WORKERS} workers: ${seconds.toFixed(2)} s, ${((1000 * seconds * WORKERS) / JOBS).toFixed(1)} ms of a worker each`,
      )
      log(
        `processor time: ${workerCpu.toFixed(2)} s of the workers and their jobs, ${here.toFixed(2)} s here, ${ofRedis.toFixed(2)} s of Redis`,
      )
      log(`asked for again, when all are done: ${again.toFixed(2)} s`)
      log(`Redis keeps ${redisBytes} bytes for a job that is done`)
      return {
        jobs: JOBS,
        workers: WORKERS,
        seconds,
        cpuSeconds: { workers: workerCpu, here, redis: ofRedis },
        again,
        idleBytes: idle,
        redisBytes,
      }
    }),
  )
}

/** Processor seconds of a process, by /proc, and of those that it has started; a clock tick of Linux is 10 ms. */
function cpuSeconds(pid, withChildren) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) / 100
  return withChildren ? childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child, true), own) : own
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)

/** Resident memory of a process and of those that it has started, by /proc. */
function residentBytes(pid) {
  const own = 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
  return own + childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), 0)
}
