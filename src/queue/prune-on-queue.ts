/** Prunes the matrices of a model by workers. The ticket is byte for byte that of one machine: a matrix's masks depend on nothing else. */
import { setMaxListeners } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAtomically } from '../files/files.js'
import type { PruneMatrixOptions } from '../prune/prune-matrix.js'
import type { PruneElsewhere } from '../prune/prune-pairs.js'
import { type Job, placeOfOnce } from './job.js'
import { JobFailure } from './job-process.js'
import { createMatrixJob, readMatrixErrors, readMatrixMasks, readMatrixReport } from './matrix-job.js'
import { describeFile, fetchFile, storeFile, UnusableContent } from './objects.js'
import type { RedisPlace } from './redis.js'
import { findResult, type JobResult } from './results.js'
import { openQueueRun, type QueueRunOptions } from './run-on-queue.js'
import type { Store } from './store.js'

/** Matrices in the queue at a time: enough for many workers, and no more targets in the store than these. */
const AT_ONCE = 64

export interface PruneOnQueueOptions extends Pick<QueueRunOptions, 'onStart' | 'onNote' | 'onWarning'> {
  readonly redis: RedisPlace
  readonly store: Store
  readonly signal: AbortSignal
}

/** What prunes matrices by a queue. Close it when done. */
export async function openPruneQueue(
  options: PruneOnQueueOptions,
): Promise<PruneElsewhere & { close(): Promise<void> }> {
  const { store } = options
  const scratch = await mkdtemp(join(tmpdir(), 'slt-matrices-'))
  const waiting = new Map<string, { resolve(result: JobResult): void; reject(error: Error): void }>()
  const progress = new Map<string, (done: number) => void>()
  const run = openQueueRun({
    ...options,
    onDone: ({ id }, { result }) => waiting.get(id)?.resolve(result),
    onFailed: ({ id, label }, message, log) => waiting.get(id)?.reject(new JobFailure(`${label}: ${message}`, log)),
    onProgress: ({ id }, { done }) => progress.get(id)?.(done),
  })

  /** Adds a job and waits for its result. */
  const resultOf = (job: Job, signal: AbortSignal | undefined) =>
    new Promise<JobResult>((resolve, reject) => {
      waiting.set(job.id, { resolve, reject })
      if (signal) setMaxListeners(0, signal) // every matrix listens to it
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      run
        .add([job])
        .then(() => run.settled())
        .catch(reject)
    }).finally(() => waiting.delete(job.id))

  return {
    atOnce: AT_ONCE,
    async prune({ seed, spec, targets, method, signal, onSolved }: PruneMatrixOptions) {
      const single = new Float32Array(targets)
      const isSingle = targets.every((value, i) => Object.is(single[i], value))
      const values = isSingle ? single : targets
      const file = join(scratch, spec.name)
      await writeAtomically(file, ({ write }) =>
        write(0, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
      )
      const target = await describeFile(file)
      const dtype = isSingle ? 'float32' : 'float64'
      const job = createMatrixJob({ seed: BigInt(seed).toString(), method, spec, dtype }, target)
      const place = placeOfOnce(job.id)
      const note = (line: string) => options.onNote?.(job, line)
      if (!(await findResult(store, job.id, note))) await storeFile(store, file, place, target)
      signal?.throwIfAborted()
      let told = 0
      const tell = (done: number) => {
        if (done > told) onSolved?.(done - told)
        told = Math.max(told, done)
      }
      progress.set(job.id, tell)
      const [path, counts] = ['masks', 'errors'].map((name) => join(scratch, `${spec.name}.${name}`))
      const fetchResult = async () => {
        const { values, files } = await resultOf(job, signal)
        await fetchFile(store, files.masks, path)
        await fetchFile(store, files.errors, counts)
        return values
      }
      const report = await fetchResult()
        .catch(async (error) => {
          if (!(error instanceof UnusableContent)) throw error
          note(`${error.message}, and the job is run again`)
          await storeFile(store, file, place, target)
          return fetchResult()
        })
        .finally(() => progress.delete(job.id))
      const masks = readMatrixMasks(spec, await readFile(path))
      const found = readMatrixReport(report)
      const errors = readMatrixErrors(spec, await readFile(counts), found.maxError)
      await Promise.all([rm(file), rm(path), rm(counts), store.remove(`${place}/${target.sha256}`)])
      tell(spec.inputs * spec.outputs)
      return { masks, report: found, errors }
    },
    async close() {
      await run.close()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}
