/** A worker: takes jobs from the queue that fit this machine, runs each in a process of its own, stores the results. */
import { randomUUID } from 'node:crypto'
import { setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import type { Job as BullJob, Worker } from 'bullmq'
import { InputError } from '../safetensors/index.js'
import { type Execution, executeJob, workerName } from './execute.js'
import type { Job, JobNeeds } from './job.js'
import { createJobProcess, JobFailure, type JobProcess } from './job-process.js'
import { PREFIX, queueNames, type RedisPlace } from './redis.js'
import type { JobProgress } from './run-state.js'
import type { Store } from './store.js'

export interface WorkOptions {
  readonly redis: RedisPlace
  readonly store: Store
  /** A folder for inputs and unfinished jobs. */
  readonly scratch: string
  /** Jobs at a time, an integer >= 1. */
  readonly slots: number
  /** Bytes that one job may need. */
  readonly memory: number
  readonly devices: readonly JobNeeds['device'][]
  /** Seconds that a job stays this worker's without a sign of life: an integer >= 1. */
  readonly claim: number
  /** Ends when there has been no job for so many seconds; default: never. */
  readonly idle?: number | undefined
  /** Drains: running jobs save what they can and go back to the queue. */
  readonly signal: AbortSignal
  onStart?(job: Job): void
  onProgress?(job: Job, progress: JobProgress): void
  onDone?(job: Job, execution: Execution): void
  /** @param tries left */
  onFailed?(job: Job, message: string, tries: number): void
  onNote?(line: string): void
}

/** Milliseconds between two questions to an empty queue. */
const ASK_EVERY = 300

/** Times that the worker of a job may be lost before the job counts as failed: a job fails by itself in its own process, which the worker survives. */
const MOST_STALLED = 20

/** Milliseconds between two reports of a job's progress to the queue. */
const REPORT_EVERY = 1000

/** Milliseconds without a job after which a slot's process is ended: it gives its memory back. */
const PROCESS_IDLE = 5000

/**
 * Works until the signal aborts, or `idle` seconds pass without a job.
 * @throws InputError when the store fails for three jobs one after another
 */
export async function work(options: WorkOptions): Promise<void> {
  const { redis, slots, memory, devices, claim } = options
  const connection = redis.connect()
  const workers = queueNames(devices, memory).map((name) => {
    const worker = new redis.bull.Worker(name, null, {
      connection: connection as never,
      prefix: PREFIX,
      name: workerName(),
      autorun: false,
      lockDuration: 1000 * claim,
      stalledInterval: 1000 * claim,
      maxStalledCount: MOST_STALLED,
    })
    worker.on('error', (error) => {
      if (!/ECONN|closed|ENOENT|LOADING/.test(error.message)) options.onNote?.(`queue: ${error.message.split('\n')[0]}`)
    })
    return worker
  })
  try {
    await Promise.all(workers.map((worker) => worker.startStalledCheckTimer()))
    const state = { lastJob: Date.now(), storeFailures: 0 }
    await Promise.all(Array.from({ length: slots }, () => runSlot(workers, options, state)))
  } finally {
    await Promise.all(workers.map((worker) => worker.close(true).catch(() => {})))
    connection.disconnect()
  }
}

interface Shared {
  lastJob: number
  storeFailures: number
}

/** Jobs that fail by the store, one after another, after which the worker ends: it would fail every job of the queue. */
const MOST_STORE_FAILURES = 3

async function runSlot(workers: readonly Worker[], options: WorkOptions, state: Shared): Promise<void> {
  const { signal, idle } = options
  const process = createJobProcess()
  const token = randomUUID()
  let idleSince = Date.now()
  try {
    while (!signal.aborted) {
      const job = await untilStopped(nextJob(workers, token), signal)
      if (job !== undefined) {
        await runJob(job, token, process, options, state)
        state.lastJob = idleSince = Date.now()
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

/** Of the queues with the largest jobs first. A Redis that is away is waited for. */
async function nextJob(workers: readonly Worker[], token: string): Promise<BullJob | undefined> {
  for (const worker of workers) {
    const job = await worker.getNextJob(token, { block: false }).catch(() => undefined)
    if (job) return job
  }
  return undefined
}

async function runJob(
  queued: BullJob,
  token: string,
  process: JobProcess,
  options: WorkOptions,
  state: Shared,
): Promise<void> {
  const { store, scratch, claim, signal } = options
  const job = queued.data as Job
  const worker = workerName()
  const lost = new AbortController()
  const either = AbortSignal.any([signal, lost.signal])
  const renewing = setInterval(() => {
    queued.extendLock(token, 1000 * claim).then(
      (isOurs) => isOurs !== 1 && lose(),
      (error) => /lock|Missing/i.test(error.message) && lose(), // else Redis is away: it is tried again
    )
  }, 300 * claim)
  const lose = () => lost.abort(new DOMException('another worker has taken the job over', 'AbortError'))
  const notes: string[] = []
  let reported = 0
  const report = (progress: JobProgress) => {
    options.onProgress?.(job, progress)
    if (Date.now() - reported < REPORT_EVERY) return
    reported = Date.now()
    queued.updateProgress({ worker, ...progress }).catch(() => {})
  }
  try {
    options.onStart?.(job)
    report({ done: 0, total: 0, text: '' })
    const hearer = {
      onProgress: report,
      onNote: (line: string) => notes.push(line),
    }
    const execution = await executeJob(job, { store, process, scratch, worker }, hearer, either)
    state.storeFailures = 0
    await queued.moveToCompleted(null, token, false).catch(() => {}) // its result is stored: whoever has it now finds that
    options.onDone?.(job, execution)
  } catch (error) {
    if (lost.signal.aborted && !signal.aborted)
      return options.onNote?.(`${job.label}: another worker has taken it over`)
    if (signal.aborted)
      return void (await untilStopped(
        queued.moveToWait(token).catch(() => {}),
        signal,
      ))
    await fail(queued, token, job, error as Error, options, notes)
    if (!(error instanceof JobFailure) && ++state.storeFailures >= MOST_STORE_FAILURES) throw error
  } finally {
    clearInterval(renewing)
  }
}

/** Gives a failed try back: the queue tries again later, or calls the job failed. */
async function fail(
  queued: BullJob,
  token: string,
  job: Job,
  error: Error,
  options: WorkOptions,
  notes: readonly string[],
): Promise<void> {
  const isJobs = error instanceof JobFailure
  if (!isJobs && !(error instanceof InputError)) notes = [...notes, error.stack ?? error.message]
  const log = isJobs ? error.log : notes.join('\n')
  for (const line of log.split('\n').filter((each) => each !== '')) await queued.log(line).catch(() => {})
  const tries = (queued.opts.attempts ?? 1) - queued.attemptsMade - 1
  await queued.moveToFailed(new Error(error.message), token, false).catch(() => {})
  options.onFailed?.(job, error.message, Math.max(tries, 0))
}
