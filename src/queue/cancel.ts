/** Takes jobs back that were handed out. A mark in Redis says so, to workers that run one and to whoever waits for one. */
import type { Redis } from 'ioredis'
import type { Job } from './job.js'
import { openQueue, PREFIX, queueNameOf, type RedisPlace } from './redis.js'

/** What a cancelled job is told to have failed with. */
export const CANCELLED = 'cancelled'

/** Seconds that a mark stays: longer than any claim. */
const STAYS = 7 * 24 * 3600

const keyOf = (id: string) => `${PREFIX}:cancelled:${id}`

/** Whether a job was taken back since it was asked for last. */
export const isCancelled = async (redis: Redis, id: string): Promise<boolean> => (await redis.exists(keyOf(id))) === 1

/** Makes jobs ones that are wanted. */
export async function uncancel(redis: Redis, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await redis.del(ids.map(keyOf))
}

/** What became of the jobs of {@link cancelJobs}. */
export interface Cancelled {
  /** That waited, and are in the queue no more. */
  readonly waiting: number
  /** That run: their workers hear of it when they renew their claims, store a checkpoint and stop. */
  readonly running: number
}

/** Takes jobs out of their queues, and stops those that run. Results and checkpoints stay in the store. */
export async function cancelJobs(redis: RedisPlace, jobs: readonly Job[]): Promise<Cancelled> {
  const connection = redis.connect()
  const names = new Map<string, string[]>()
  for (const job of jobs) {
    const name = queueNameOf(job)
    names.set(name, [...(names.get(name) ?? []), job.id])
  }
  let [waiting, running] = [0, 0]
  try {
    for (const [name, ids] of names) {
      const queue = openQueue(redis, name, connection)
      try {
        for (const id of new Set(ids)) {
          const job = await queue.getJob(id)
          const state = job === undefined ? 'unknown' : await job.getState()
          if (job === undefined || state === 'unknown' || state === 'completed' || state === 'failed') continue
          await connection.set(keyOf(id), '1', 'EX', STAYS)
          if (state !== 'active' && (await taken(job))) waiting++
          else running++
        }
      } finally {
        await queue.close().catch(() => {})
      }
    }
  } finally {
    connection.disconnect()
  }
  return { waiting, running }
}

/** @returns false for a job that a worker has begun meanwhile: it cannot be removed */
const taken = (job: { remove(): Promise<void> }): Promise<boolean> =>
  job.remove().then(
    () => true,
    () => false,
  )
