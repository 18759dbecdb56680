// GPT-2 small, all 12 layers, pruned by this machine's threads and by as many workers of a queue: the same ticket, and what the queue costs. From the
// measured jobs, how it would go with 8, 64 and 512 workers.
//   npm run bench -- prune-queue [--layers <n>]
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openStore } from '../dist/queue/open-store.js'
import { makingsOf } from '../dist/queue/results.js'
import { inTemporaryFolder } from './cli.mjs'
import { figure, tableLines } from './measure.mjs'
import { withWorkers } from './redis-and-workers.mjs'
import { simulateWorkers } from './simulate-workers.mjs'

const script = fileURLToPath(new URL('prune-once.mjs', import.meta.url))
const WORKERS = availableParallelism()
const GIGABIT = 125e6 // bytes a second
const LATENCY = 0.001 // seconds

export async function run(log, { layers = '12' }) {
  return inTemporaryFolder(async (folder) => {
    const ticket = join(folder, 'ticket.slt.safetensors')
    const alone = await pruneOnce(layers, ticket)
    rmSync(ticket)
    log(
      `${figure(alone.weights)} subset sums in one process of ${WORKERS} threads: ${figure(alone.seconds)} s (${figure(alone.pruned.seconds)} s until the last matrix), ${(alone.peakBytes / 1e9).toFixed(2)} GB`,
    )
    const { spread, jobs } = await withWorkers({ folder, workers: WORKERS, memory: 2 * WORKERS }, async (queue) => {
      const spread = await pruneOnce(layers, ticket, queue.address, queue.store)
      return { spread, jobs: await measuredJobs(queue.store) }
    })
    if (spread.sha256 !== alone.sha256) throw new Error(`the tickets differ: ${alone.sha256} and ${spread.sha256}`)
    const errors = ({ unreachable, medianWeightError, maxWeightError }) => [
      unreachable,
      medianWeightError,
      maxWeightError,
    ]
    if (`${errors(spread)}` !== `${errors(alone)}`)
      throw new Error(`errors differ: ${errors(alone)} and ${errors(spread)}`)
    const ratio = spread.seconds / alone.seconds
    log(
      `by ${WORKERS} workers of one job each: ${figure(spread.seconds)} s (${figure(spread.pruned.seconds)} s until the last matrix), ${(spread.peakBytes / 1e9).toFixed(2)} GB here; the same ticket, sha256 ${spread.sha256}`,
    )
    log(`goal: at most 1.1 times the time of one process: ${ratio.toFixed(3)}`)
    const seconds = jobs.map((job) => job.seconds).sort((a, b) => a - b)
    const sum = (of) => jobs.reduce((total, job) => total + of(job), 0)
    log(
      `${jobs.length} jobs: ${figure(sum((job) => job.seconds))} s of workers, the median ${figure(seconds[seconds.length >> 1])} s, the longest ${figure(seconds.at(-1))} s; ${(sum((job) => job.bytesOut) / 1e6).toFixed(0)} MB to workers, ${(sum((job) => job.bytesIn) / 1e6).toFixed(0)} MB back`,
    )
    const tail = spread.seconds - spread.pruned.seconds
    log(
      `the process that hands out: ${figure(spread.pruned.cpu)} s of processor, then ${figure(tail)} s to compare the logits and to close the ticket`,
    )
    log()
    const table = simulate(order(jobs, spread.pairs), spread, tail, log)
    return { layers: Number(layers), alone, spread, ratio, jobs, tail, table }
  })
}

async function pruneOnce(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { maxBuffer: 2 ** 26 })
  return JSON.parse(stdout)
}

/** Time and sizes of every job, as the store has them. */
async function measuredJobs(address) {
  const store = await openStore(address)
  const keys = await store.list('results/')
  return Promise.all(
    keys.map(async (key) => {
      const { id, values, files } = JSON.parse(Buffer.from(await store.read(key)).toString())
      const [{ seconds }] = await makingsOf(store, id)
      const bytesIn = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)
      return { weights: values.weights, seconds, bytesOut: 4 * values.weights, bytesIn }
    }),
  )
}

/** Jobs in the order of the ticket's matrices; of matrices of one size, which job it was makes no difference here. */
function order(jobs, pairs) {
  const bySize = new Map()
  for (const job of jobs) bySize.set(job.weights, [...(bySize.get(job.weights) ?? []), job])
  return pairs.map(({ weights }) => bySize.get(weights).shift())
}

/** Handing out and taking in are taken to cost alike, by a matrix's weights. */
function simulate(jobs, spread, tail, log) {
  const perWeight = spread.pruned.cpu / spread.weights / 2
  const costed = jobs.map((job) => ({ ...job, handOut: perWeight * job.weights, takeIn: perWeight * job.weights }))
  const atMeasured = { workers: WORKERS, atOnce: spread.atOnce, bytesPerSecond: Number.POSITIVE_INFINITY, latency: 0 }
  const check = simulateWorkers(costed, atMeasured).seconds
  log(
    `simulated with ${WORKERS} workers and no network: ${figure(check)} s until the last matrix, ${(check / spread.pruned.seconds).toFixed(2)} of what was measured`,
  )
  const rows = []
  for (const gigabits of [1, 10]) {
    for (const workers of [1, 2, 8, 64, 512]) {
      const bytesPerSecond = gigabits * GIGABIT
      const { seconds, busy } = simulateWorkers(costed, {
        workers,
        atOnce: spread.atOnce,
        bytesPerSecond,
        latency: LATENCY,
      })
      rows.push({ gigabits, workers, pruneSeconds: seconds, seconds: seconds + tail, busy })
    }
  }
  const percent = (part) => `${Math.round(100 * part)} %`
  const one = (gigabits) => rows.find((row) => row.gigabits === gigabits && row.workers === 1)
  for (const line of tableLines([
    [
      'line',
      'workers',
      'matrices, s',
      'with the end, s',
      'times faster',
      'busy: workers',
      'hands out',
      'line out',
      'line in',
    ],
    ...rows.map(({ gigabits, workers, pruneSeconds, seconds, busy }) => [
      `${gigabits} Gbit/s`,
      workers,
      figure(pruneSeconds),
      figure(seconds),
      figure(one(gigabits).pruneSeconds / pruneSeconds),
      percent(busy.workers),
      percent(busy.handing),
      percent(busy.out),
      percent(busy.into),
    ]),
  ])) {
    log(line)
  }
  return rows
}
