/** Runs one job whose result is not there yet, and stores what it finds. Workers and this process do it alike. */

import { mkdtemp, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { makeFolder, refuseSystem } from '../files/files.js'
import { fetchCheckpoint, removeCheckpoint, storeCheckpoint } from './checkpoints.js'
import { layOut } from './inputs.js'
import type { Job } from './job.js'
import { JobFailure, type JobHearer, type JobProcess } from './job-process.js'
import { type StoredFile, storeFile, UnusableContent } from './objects.js'
import { findResult, isDisputed, type JobResult, keepResult } from './results.js'
import type { Store } from './store.js'

/** Where and by whom a job is run. */
export interface Executor {
  readonly store: Store
  readonly process: JobProcess
  /** A folder of this process' own for unfinished jobs. */
  readonly scratch: string
  /** A folder of this machine for inputs, which other workers may use too. */
  readonly cache: string
  /** Who runs it, for people: a host and a process. */
  readonly worker: string
  /** Seconds between two checkpoints of a job that takes them, > 0: so much of its work is lost at most when its worker is killed. */
  readonly checkpointSeconds: number
}

/** Of an {@link Executor}, where the user says nothing. */
export const CHECKPOINT_SECONDS = 60

/** The name of this process as a worker. */
export const workerName = (): string => `${hostname()}:${process.pid}`

/** What became of a job. */
export interface Execution {
  readonly result: JobResult
  /** It had been done before. */
  readonly found: boolean
  /** False where another worker stored another result for the same job: the earlier one stays. */
  readonly agrees: boolean
  readonly seconds: number
}

/**
 * @throws JobFailure when the job fails, or an input of it is not to be had; InputError when the store or this machine does not work; the signal's reason when it aborts: what the job has saved then lies
 *   in the store, and the next try, on any machine, goes on from it
 */
export async function executeJob(
  job: Job,
  { store, process, scratch, cache, worker, checkpointSeconds }: Executor,
  hearer: Pick<JobHearer, 'onProgress' | 'onNote'>,
  signal: AbortSignal,
): Promise<Execution> {
  const warn = (line: string) => hearer.onNote?.(line)
  const there = await findResult(store, job.id, warn)
  if (there) return { result: there, found: true, agrees: !(await isDisputed(store, job.id)), seconds: 0 }
  const started = performance.now()
  const inputs: Record<string, string> = {}
  for (const [name, input] of Object.entries(job.inputs)) {
    signal.throwIfAborted()
    inputs[name] = await layOut(store, input, job.id, cache).catch((error) => {
      throw error instanceof UnusableContent ? new JobFailure(error.message, '') : error
    })
  }
  // Nobody else works in this folder: the store, not the folder, hands a job from try to try.
  await makeFolder(scratch)
  const folder = await mkdtemp(join(scratch, `${job.id}-`)).catch((error) => refuseSystem(scratch, error))
  const saving = createSaving(store, job.id, warn)
  try {
    const step = await fetchCheckpoint(store, job.id, folder, warn)
    if (step !== undefined) warn(`goes on from step ${step}`)
    const heard = { onProgress: hearer.onProgress, onSaved: saving.take } // the job's own notes are for its log
    const found = await process
      .run({ job, inputs, folder, checkpointSeconds }, heard, signal)
      .catch((error) => Promise.reject(withoutScratch(error, [folder, ...Object.values(inputs).map(dirname)])))
      .finally(() => saving.finish())
    const files: Record<string, StoredFile> = {}
    for (const [name, path] of Object.entries(found.files)) files[name] = await storeFile(store, path)
    const result = { values: found.values, files }
    const seconds = (performance.now() - started) / 1000
    const agrees = await keepResult(store, job, result, { worker, seconds, at: new Date().toISOString() })
    if (step !== undefined || saving.isUsed()) await removeCheckpoint(store, job.id)
    return { result, found: false, agrees, seconds }
  } finally {
    await rm(folder, { recursive: true, force: true })
    for (const [name, { once }] of Object.entries(job.inputs)) {
      if (once) await rm(dirname(inputs[name]), { recursive: true, force: true })
    }
  }
}

/** A failure that speaks of its files by their names: nobody knows the folders in which a worker has laid them out. */
function withoutScratch(error: unknown, folders: readonly string[]): unknown {
  if (!(error instanceof JobFailure)) return error
  const shorten = (text: string) => folders.reduce((rest, folder) => rest.replaceAll(`${folder}${sep}`, ''), text)
  return new JobFailure(shorten(error.message), shorten(error.log))
}

/** Stores checkpoints while their job goes on; of those that come while one is being stored, the newest. */
function createSaving(store: Store, id: string, warn: (line: string) => void) {
  let next: { step: number; folder: string; files: readonly string[] } | undefined
  let running: Promise<void> | undefined
  let isUsed = false
  const work = async () => {
    while (next) {
      const { step, folder, files } = next
      next = undefined
      // A job whose checkpoint cannot be stored goes on: its result may be stored later.
      await storeCheckpoint(store, id, step, folder, files).catch((error) =>
        warn(`checkpoint of step ${step}: ${(error as Error).message}`),
      )
      await rm(folder, { recursive: true, force: true })
    }
    running = undefined
  }
  return {
    /** Whether there has been anything to store. */
    isUsed: () => isUsed,
    take(step: number, folder: string, files: readonly string[]): void {
      if (next) rm(next.folder, { recursive: true, force: true }).catch(() => {})
      isUsed = true
      next = { step, folder, files }
      running ??= work()
    },
    async finish(): Promise<void> {
      while (running) await running
    },
  }
}
