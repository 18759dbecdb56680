/** Follows the jobs that were handed out by a few queues: what the queue says of each, against what the store has. */
import { setMaxListeners } from 'node:events'
import type { Job as BullJob, Queue, QueueEvents } from 'bullmq'
import type { Redis } from 'ioredis'
import { InputError } from '../safetensors/index.js'
import { CANCELLED, isCancelled, uncancel } from './cancel.js'
import type { JobEvents } from './events.js'
import type { Job } from './job.js'
import { openQueue, PREFIX, type RedisPlace } from './redis.js'
import { findResult, isDisputed } from './results.js'
import type { JobProgress } from './run-state.js'
import type { Store } from './store.js'

export interface QueueRunOptions extends JobEvents {
  readonly redis: RedisPlace
  readonly store: Store
  readonly signal: AbortSignal
  /** Whether jobs that failed for good before are tried again; default true. False for who only watches. */
  readonly retry?: boolean
  /** Hears what should be changed about Redis, and, each line once, which jobs no worker takes. */
  onWarning?(line: string): void
}

/** Times that a result which the queue calls done and the store does not have is asked for again. */
const MOST_LOST = 3

/**
 * Follows the open jobs of a few queues.
 * @param open jobs that have not ended, by id: those that end are taken out
 * @param onTrouble hears errors of the connections
 */
export function createWatch(
  open: Map<string, Job>,
  options: QueueRunOptions,
  connection: Redis,
  onTrouble: (error: Error) => void,
) {
  const { store, redis, signal, retry = true } = options
  const queues = new Map<string, { queue: Queue; events: QueueEvents; own: Redis; ids: Set<string> }>()
  const lost = new Map<string, number>()
  const begun = new Map<string, string>() // by job, the worker that was told last
  const ended = new Set<string>() // ids that an event has told of since the last look
  let wake = () => {}

  /** Looks at one job. */
  async function settle(queue: Queue, id: string): Promise<void> {
    const job = open.get(id)
    if (job === undefined) return
    const there = (await queue.getJob(id)) as BullJob | undefined
    const state = there && (await there.getState())
    if (there === undefined || state === 'unknown') {
      // Redis has lost it: a restart without its append-only file, or somebody has emptied the queue.
      if (await isDone(job)) return
      if (await isCancelled(connection, id)) return tellCancelled(job)
      return addTo(queue, [job])
    }
    if (state === 'active') return hear(job, there.progress)
    if (state !== 'completed' && state !== 'failed' && begun.delete(id)) options.onBack?.(job)
    if (state === 'completed' && !(await isDone(job))) return again(queue, job, there)
    if (state === 'failed') {
      open.delete(id)
      const { logs } = await queue.getJobLogs(id, 0, 60)
      options.onFailed?.(job, there.failedReason ?? 'failed', [...new Set(logs)].join('\n')) // each try may say the same
    }
  }

  function tellCancelled(job: Job): void {
    open.delete(job.id)
    options.onFailed?.(job, CANCELLED, '')
  }

  /** Tells what a worker says of a job that it runs. */
  function hear(job: Job, said: BullJob['progress']): void {
    if (typeof said !== 'object' || said === null) return // none yet
    const { worker, ...progress } = said as Partial<JobProgress> & { worker?: string }
    if (worker !== undefined && begun.get(job.id) !== worker) {
      begun.set(job.id, worker) // another one where a worker has ended and its job was taken over
      options.onStart?.(job, worker)
    }
    if (progress.total) options.onProgress?.(job, progress as JobProgress)
  }

  /** Whether the store has the result; it is told then. */
  async function isDone(job: Job): Promise<boolean> {
    const result = await findResult(store, job.id, (line) => options.onNote?.(job, line))
    if (result === undefined) return false
    open.delete(job.id)
    options.onDone?.(job, { result, found: false, agrees: !(await isDisputed(store, job.id)) })
    return true
  }

  async function again(queue: Queue, job: Job, there: BullJob): Promise<void> {
    const times = (lost.get(job.id) ?? 0) + 1
    lost.set(job.id, times)
    if (times > MOST_LOST) {
      open.delete(job.id)
      return options.onFailed?.(
        job,
        `done ${MOST_LOST} times, and its result is not in ${store.address}: do workers have the same store?`,
        '',
      )
    }
    options.onNote?.(
      job,
      `the queue calls it done, but its result is not in ${store.address}: do workers have the same store? It is run again`,
    )
    await there.remove()
    await addTo(queue, [job])
  }

  const addTo = async (queue: Queue, jobs: readonly Job[]) => {
    await queue.addBulk(jobs.map((job) => ({ name: job.kind, data: job, opts: { jobId: job.id } }))).catch((error) => {
      if (!/OOM/.test(error.message)) throw error
      throw new InputError(
        `${redis.shown}: Redis is out of memory (its maxmemory): ${jobs.length} jobs or some of them are not handed out; the same command goes on`,
        { cause: error },
      )
    })
  }

  /** The queue of a name, followed from the first time on. */
  async function follow(name: string) {
    const known = queues.get(name)
    if (known) return known
    const queue = openQueue(redis, name, connection)
    queue.on('error', onTrouble)
    const own = redis.connect() // it waits for events there
    const events = new redis.bull.QueueEvents(name, { connection: own as never, prefix: PREFIX })
    events.on('error', onTrouble)
    const end = ({ jobId }: { jobId: string }) => {
      if (!open.has(jobId)) return
      ended.add(jobId)
      wake()
    }
    for (const event of ['completed', 'failed'] as const) events.on(event, end)
    events.on('progress', ({ jobId, data }) => {
      const job = open.get(jobId)
      if (job !== undefined) hear(job, data)
    })
    const followed = { queue, events, own, ids: new Set<string>() }
    queues.set(name, followed)
    await events.waitUntilReady()
    return followed
  }

  return {
    /** Open jobs that no worker has begun. */
    waiting: (): Job[] => [...open.values()].filter(({ id }) => !begun.has(id)),
    async add(name: string, asked: readonly Job[]): Promise<void> {
      const { queue, ids } = await follow(name)
      for (const { id } of asked) ids.add(id)
      let jobs = asked
      if (!retry) {
        const marks = await Promise.all(asked.map(({ id }) => isCancelled(connection, id)))
        jobs = asked.filter((_, i) => !marks[i])
        for (const job of asked.filter((_, i) => marks[i])) tellCancelled(job)
      } else {
        await uncancel(
          connection,
          jobs.map(({ id }) => id),
        )
        for (const { id } of jobs) {
          const there = await queue.getJob(id)
          if (there && (await there.isFailed())) await there.remove() // asked for anew, it has its tries anew
        }
      }
      for (let i = 0; i < jobs.length; i += 500) await addTo(queue, jobs.slice(i, i + 500))
    },
    /** Settles jobs that have ended, or at a time every job that is open. */
    async look(): Promise<void> {
      const told = [...ended]
      ended.clear()
      for (const { queue, ids } of queues.values()) {
        const some = told.length > 0 ? told.filter((id) => ids.has(id)) : [...ids].filter((id) => open.has(id))
        await Promise.all(some.map((id) => settle(queue, id)))
      }
    },
    /** Settles when a job has ended, the signal aborts, or so many milliseconds have passed. */
    change: (milliseconds: number) =>
      new Promise<void>((done) => {
        const finish = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', finish)
          done()
        }
        const timer = setTimeout(finish, milliseconds)
        setMaxListeners(0, signal) // many runs and matrices listen to one signal
        signal.addEventListener('abort', finish, { once: true })
        wake = finish
        if (ended.size > 0 || signal.aborted) finish()
      }),
    async close(): Promise<void> {
      wake()
      for (const { queue, events, own } of queues.values()) {
        await events.close().catch(() => {})
        own.disconnect()
        await queue.close().catch(() => {})
      }
    },
  }
}
