/** Runs one job whose result is not there yet, and stores what it finds. Workers and this process do it alike. */

import { mkdir, readdir, rm } from 'node:fs/promises'
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
  /** A folder of this machine for inputs and unfinished jobs. */
  readonly scratch: string
  /** Who runs it, for people: a host and a process. */
  readonly worker: string
  /** Seconds between two checkpoints of a job that takes them, > 0: so much of its work is lost at most when its worker is killed. */
  readonly checkpointSeconds: number
}

/** Of an {@link Executor}, where the user says nothing. */
export const CHECKPOINT_SECONDS = 60

/** The name of this process as a worker. */
export const workerName = (): string => `${hostname()}:${process.pid}`

const jobsFolder = (scratch: string) => join(scratch, 'jobs')

/** Removes what processes that are gone have left in a scratch folder of this machine: their checkpoints are in the store. */
export async function removeLeftovers(scratch: string): Promise<void> {
  for (const name of await readdir(jobsFolder(scratch)).catch(() => [])) {
    const [, pid] = /^[0-9a-f]{64}-(\d+)$/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(jobsFolder(scratch), name), { recursive: true, force: true })
  }
}

/** Whether a process of this machine lives. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH' // it may be another user's
  }
}

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
  { store, process, scratch, worker, checkpointSeconds }: Executor,
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
    inputs[name] = await layOut(store, input, job.id, join(scratch, 'inputs')).catch((error) => {
      throw error instanceof UnusableContent ? new JobFailure(error.message, '') : error
    })
  }
  // No other process works in this folder: the store, not the folder, hands a job from try to try.
  const folder = join(jobsFolder(scratch), `${job.id}-${globalThis.process.pid}`)
  await makeFolder(dirname(folder))
  await mkdir(folder).catch(async (error) => {
    if (error.code !== 'EEXIST') return refuseSystem(folder, error)
    await rm(folder, { recursive: true, force: true }) // of a process with this id that is gone
    await makeFolder(folder)
  })
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
