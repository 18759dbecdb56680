/** Hands jobs out by a queue and hears of them until all are done. Stopping to listen leaves the queue working. */
import { setTimeout } from 'node:timers/promises'
import type { Job } from './job.js'
import { describeMissingWorkers } from './listeners.js'
import { createWatch, type QueueRunOptions } from './queue-watch.js'
import { queueNameOf, tellOutages, tellTrouble } from './redis.js'
import { findResult, isDisputed } from './results.js'

export type { QueueRunOptions } from './queue-watch.js'

/** Seconds between two looks at all open jobs: events come at once, but those of a time without a connection are lost. */
const LOOK_EVERY = 5

/** Seconds between two questions whether there are workers for the jobs that wait. */
const ASK_WORKERS_EVERY = 30

/** Milliseconds that the end of a connection is waited for. */
const GOODBYE = 300

/** Jobs that are handed out, and heard of. */
export interface QueueRun {
  /** Puts jobs whose results are not in the store into the queue; those with the id of one in the queue are not added again. */
  add(jobs: readonly Job[]): Promise<void>
  /**
   * Settles when every job added so far has ended and been told.
   * @throws the signal's reason when it aborts; InputError when the store fails
   */
  settled(): Promise<void>
  /** Stops to listen; the queue goes on. */
  close(): Promise<void>
}

/** Starts to hand jobs out; what becomes of each is told to the options' hearers. Close it when done. */
export function openQueueRun(options: QueueRunOptions): QueueRun {
  const { store, redis, signal } = options
  for (const warning of redis.warnings) options.onWarning?.(warning)
  const open = new Map<string, Job>()
  const connection = redis.connect()
  tellOutages(connection, redis, (line) => options.onWarning?.(line))
  const onTrouble = tellTrouble((line) => options.onWarning?.(`${redis.shown}: ${line}`))
  const watch = createWatch(open, options, connection, onTrouble)
  let isClosed = false
  let looking: Promise<void> | undefined // one loop, however many wait for it
  const told = new Set<string>()
  let asked = Number.NEGATIVE_INFINITY
  const tellMissing = async () => {
    if (options.onWarning === undefined || open.size === 0) return
    if (performance.now() - asked < 1000 * ASK_WORKERS_EVERY) return
    asked = performance.now()
    for (const line of await describeMissingWorkers(redis, watch.waiting())) {
      if (!told.has(line)) options.onWarning(line)
      told.add(line)
    }
  }
  const look = async () => {
    try {
      while (open.size > 0 && !isClosed) {
        signal.throwIfAborted()
        await watch.look()
        await tellMissing()
        if (open.size > 0 && !isClosed) await watch.change(1000 * LOOK_EVERY)
      }
    } finally {
      looking = undefined
    }
  }
  return {
    async add(jobs) {
      const asked: Job[] = []
      for (const job of new Map(jobs.map((each) => [each.id, each])).values()) {
        signal.throwIfAborted()
        if (open.has(job.id)) continue
        const result = await findResult(store, job.id, (line) => options.onNote?.(job, line))
        if (result) options.onDone?.(job, { result, found: true, agrees: !(await isDisputed(store, job.id)) })
        else asked.push(job)
      }
      for (const job of asked) open.set(job.id, job)
      for (const [name, group] of byQueue(asked)) await watch.add(name, group)
    },
    settled() {
      if (open.size === 0) return Promise.resolve()
      looking ??= look()
      return looking
    },
    async close() {
      isClosed = true
      await Promise.race([watch.close(), setTimeout(GOODBYE)]) // a Redis that does not answer is not waited for
      connection.disconnect()
      await Promise.race([looking?.catch(() => {}), setTimeout(GOODBYE)]) // nobody waits for it any more
    },
  }
}

/**
 * Hands jobs out and tells what becomes of each, until all have ended.
 * @throws the signal's reason when it aborts; InputError when the store fails
 */
export async function runOnQueue(jobs: readonly Job[], options: QueueRunOptions): Promise<void> {
  const run = openQueueRun(options)
  const { signal } = options
  const work = async () => {
    await run.add(jobs)
    await run.settled()
  }
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }) // also while Redis does not answer
  })
  aborted.catch(() => {})
  try {
    signal.throwIfAborted()
    await Promise.race([work(), aborted])
  } finally {
    await run.close()
  }
}

function byQueue(jobs: Iterable<Job>): Map<string, Job[]> {
  const groups = new Map<string, Job[]>()
  for (const job of jobs) {
    const name = queueNameOf(job)
    groups.set(name, [...(groups.get(name) ?? []), job])
  }
  return groups
}
