/** Runs jobs on this machine, as many side by side as its cores and memory allow, with nothing to install. */
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import type { JobEvents } from './events.js'
import { CHECKPOINT_SECONDS, executeJob, workerName } from './execute.js'
import type { Job } from './job.js'
import { createJobProcess, JobFailure, type JobProcess } from './job-process.js'
import { openScratch } from './scratch.js'
import type { Store } from './store.js'

export interface RunHereOptions extends JobEvents {
  readonly store: Store
  /** A folder for inputs and unfinished jobs; this call has a folder of its own in it, which is removed at the end. */
  readonly scratch: string
  /** Jobs at a time, an integer >= 1. */
  readonly slots: number
  /** Bytes that the jobs running at a time may need together. One that needs more by itself runs alone. */
  readonly memory: number
  readonly signal: AbortSignal
}

/** As many jobs of so many threads as there are processors; and most of the memory that is free now. */
export const usualRoom = (threads: number): { slots: number; memory: number } => ({
  slots: Math.max(1, Math.floor(availableParallelism() / threads)),
  memory: 0.8 * freemem(),
})

/**
 * Runs jobs in their order, each in a process of its own. One that fails is told, and the others go on.
 * @throws the signal's reason when it aborts, once every job has saved what it can; InputError when the store fails
 */
export async function runHere(jobs: readonly Job[], options: RunHereOptions): Promise<void> {
  const { store, slots, memory, signal } = options
  const scratch = await openScratch(options.scratch)
  const waiting = [...jobs]
  const running = new Map<Promise<void>, number>() // bytes that each needs
  const idle = Array.from({ length: slots }, createJobProcess)
  const broken = new AbortController() // by a store that fails: the other jobs are stopped too
  const either = AbortSignal.any([signal, broken.signal])
  const used = () => [...running.values()].reduce((sum, bytes) => sum + bytes, 0)
  const fits = ({ needs }: Job) => running.size === 0 || used() + needs.bytes <= memory
  const executor = (process: JobProcess) => ({
    store,
    scratch: scratch.path,
    cache: join(scratch.path, 'inputs'),
    process,
    worker: workerName(),
    checkpointSeconds: CHECKPOINT_SECONDS,
  })
  try {
    while (waiting.length > 0 || running.size > 0) {
      while (!either.aborted && idle.length > 0 && waiting.length > 0 && fits(waiting[0])) {
        const job = waiting.shift()!
        const process = idle.pop()!
        const task = runOne(job, executor(process), options, either)
          .catch((error) => broken.abort(error))
          .finally(() => {
            running.delete(task)
            idle.push(process)
          })
        running.set(task, job.needs.bytes)
      }
      if (running.size === 0) break
      await Promise.race(running.keys())
    }
  } finally {
    await Promise.all(idle.map((process) => process.close()))
    await scratch.close()
  }
  either.throwIfAborted()
}

async function runOne(
  job: Job,
  executor: Parameters<typeof executeJob>[1],
  events: JobEvents,
  signal: AbortSignal,
): Promise<void> {
  events.onStart?.(job, executor.worker)
  try {
    const execution = await executeJob(
      job,
      executor,
      {
        onProgress: (progress) => events.onProgress?.(job, progress),
        onNote: (line) => events.onNote?.(job, line),
      },
      signal,
    )
    events.onDone?.(job, execution)
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof JobFailure)) throw error
    events.onFailed?.(job, error.message, error.log)
  }
}
