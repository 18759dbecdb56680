/** A worker: takes jobs from the queue that fit this machine, runs each in a process of its own, stores the results. */
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import type { Job as BullJob, Worker } from 'bullmq'
import { InputError } from '../safetensors/index.js'
import { isCancelled } from './cancel.js'
import { workerName } from './execute.js'
import type { JobNeeds } from './job.js'
import { createJobProcess } from './job-process.js'
import { nameWorker } from './listeners.js'
import { PREFIX, queueNames, type RedisPlace, tellOutages, tellTrouble } from './redis.js'
import { openScratch } from './scratch.js'
import { MOST_STARTS, type QueuedJobOptions, runQueuedJob } from './work-job.js'

export interface WorkOptions extends Omit<QueuedJobOptions, 'isCancelled' | 'scratch' | 'cache'> {
  /** A folder for inputs and unfinished jobs; workers of one machine may share it. */
  readonly scratch: string
  readonly redis: RedisPlace
  /** Jobs at a time, an integer >= 1. */
  readonly slots: number
  /** Bytes that one job may need. */
  readonly memory: number
  readonly devices: readonly JobNeeds['device'][]
  /** Ends when there has been no job for so many seconds; default: never. */
  readonly idle?: number | undefined
}

/** Milliseconds between two questions of a slot to an empty queue. */
const ASK_EVERY = 300

/** Jobs that a slot gives back one after another, because the store or this machine fails, before the worker ends. */
const MOST_FAILURES = 3

/** Milliseconds without a job after which a slot's process is ended: it gives its memory back. */
const PROCESS_IDLE = 5000

/**
 * Works until the signal aborts, or `idle` seconds pass without a job.
 * @throws InputError when the store or this machine fails for three jobs one after another: these are back in the queue, with all their tries
 */
export async function work(options: WorkOptions): Promise<void> {
  const { redis, slots, memory, devices, claim } = options
  const scratch = await openScratch(options.scratch)
  const connection = redis.connect(nameWorker(options))
  tellOutages(connection, redis, (line) => options.onNote?.(line))
  const tellOnce = tellTrouble((line) => options.onNote?.(`queue: ${line}`))
  const workers = queueNames(devices, memory).map((name) => {
    const worker = new redis.bull.Worker(name, null, {
      connection: connection as never,
      prefix: PREFIX,
      name: workerName(),
      autorun: false,
      lockDuration: 1000 * claim,
      stalledInterval: 1000 * claim,
      maxStalledCount: MOST_STARTS,
    })
    worker.on('error', tellOnce)
    return worker
  })
  const broken = new AbortController() // by what fails for every job: the other slots are drained
  const signal = AbortSignal.any([options.signal, broken.signal])
  setMaxListeners(0, signal) // every slot and every job listens to it
  try {
    await Promise.all(workers.map((worker) => worker.startStalledCheckTimer()))
    const state = { lastJob: Date.now() }
    const own = { scratch: scratch.path, cache: join(options.scratch, 'inputs') }
    const slotOptions = { ...options, ...own, signal, isCancelled: (id: string) => isCancelled(connection, id) }
    const slot = () => runSlot(workers, slotOptions, state).catch((error) => broken.abort(error))
    await Promise.all(Array.from({ length: slots }, slot))
    if (broken.signal.aborted) throw broken.signal.reason
  } finally {
    await Promise.all(workers.map((worker) => worker.close(true).catch(() => {})))
    connection.disconnect()
    await scratch.close()
  }
}

async function runSlot(
  workers: readonly Worker[],
  options: Omit<WorkOptions, 'scratch'> & QueuedJobOptions,
  state: { lastJob: number },
): Promise<void> {
  const { signal, idle } = options
  const process = createJobProcess()
  const token = randomUUID()
  const nextJob = createAsking(workers, token)
  let idleSince = Date.now()
  let failures = 0
  try {
    while (!signal.aborted) {
      const job = await untilStopped(nextJob(), signal)
      if (job !== undefined) {
        const failure = await runQueuedJob(job, token, process, options)
        state.lastJob = idleSince = Date.now()
        failures = failure === undefined ? 0 : failures + 1
        if (failure === undefined) continue
        if (failures >= MOST_FAILURES) {
          const shown = `${failures} jobs one after another went back to the queue: ${failure.message}`
          throw failure instanceof InputError ? new InputError(shown, { cause: failure }) : failure
        }
        await setTimeout(1000 * 2 ** failures, undefined, { signal }).catch(() => {}) // another worker may take it
        continue
      }
      if (Date.now() - idleSince > PROCESS_IDLE) await process.close()
      if (idle !== undefined && Date.now() - state.lastJob > 1000 * idle) return
      await setTimeout(ASK_EVERY, undefined, { signal }).catch(() => {})
    }
  } finally {
    await process.close()
  }
}

/** Milliseconds that a worker which is to end waits for a Redis that does not answer. */
const GOODBYE = 2000

/** What a promise gives, or undefined when it has not settled {@link GOODBYE} after the signal: Redis is away. A job that comes later runs out its claim. */
function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      timer = setTimer(() => resolve(undefined), GOODBYE)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    })
  })
}

/** Asks for jobs: of the queues with the largest jobs first, of an empty one not again at once. A Redis that is away is waited for. */
function createAsking(workers: readonly Worker[], token: string): () => Promise<BullJob | undefined> {
  const emptySince = new Map<Worker, number>()
  return async () => {
    for (const worker of workers) {
      if (performance.now() - (emptySince.get(worker) ?? Number.NEGATIVE_INFINITY) < ASK_EVERY / 2) continue
      const job = await worker.getNextJob(token, { block: false }).catch(() => undefined)
      if (job) return job
      emptySince.set(worker, performance.now())
    }
    return undefined
  }
}
