/** One job of a queue as a worker runs it: its claim is renewed, and it ends done, failed, or back in the queue. */
import type { Job as BullJob } from 'bullmq'
import { InputError } from '../safetensors/index.js'
import { CANCELLED } from './cancel.js'
import { CHECKPOINT_SECONDS, type Execution, executeJob, workerName } from './execute.js'
import type { Job } from './job.js'
import { JobFailure, type JobProcess } from './job-process.js'
import { printable, readJob } from './read-job.js'
import type { JobProgress } from './run-state.js'
import type { Store } from './store.js'

/** How a worker runs jobs, and who hears of it. */
export interface QueuedJobOptions {
  readonly store: Store
  /** A folder of this process' own for unfinished jobs. */
  readonly scratch: string
  /** A folder for inputs. */
  readonly cache: string
  /** Seconds that a job stays this worker's without a sign of life: an integer >= 1. */
  readonly claim: number
  /** Seconds between two checkpoints of a job, > 0; default 60. */
  readonly checkpointSeconds?: number | undefined
  /** Whether a job was taken back: it is stopped then. */
  isCancelled(id: string): Promise<boolean>
  /** Drains: running jobs save what they can and go back to the queue. */
  readonly signal: AbortSignal
  onStart?(job: Job): void
  /** After {@link onStart}, however it ended. */
  onEnd?(job: Job): void
  onProgress?(job: Job, progress: JobProgress): void
  onDone?(job: Job, execution: Execution): void
  /** @param tries left */
  onFailed?(job: Job, message: string, tries: number): void
  onNote?(line: string): void
}

/** Milliseconds between two reports of a job's progress to the queue. */
const REPORT_EVERY = 1000

/**
 * Times that a job may be started without an end of its own before it counts as failed. A job whose worker is lost or whose store fails goes back to the
 * queue and keeps its tries; without a bound, a job that no worker can do would go round for ever.
 */
export const MOST_STARTS = 20

/**
 * Runs a job that the queue has handed to this worker.
 * @param token of the claim
 * @returns what failed where it was not the job: the store, or this machine. The job went back to the queue then
 */
export async function runQueuedJob(
  queued: BullJob,
  token: string,
  process: JobProcess,
  options: QueuedJobOptions,
): Promise<Error | undefined> {
  let job: Job
  try {
    job = readJob(queued.data)
  } catch (error) {
    const reason = `not a job of this queue: ${(error as Error).message}`
    options.onNote?.(`${printable(String(queued.id))}: ${reason}`)
    await endFailed(queued, token, reason)
    return undefined
  }
  const { store, scratch, cache, signal, checkpointSeconds = CHECKPOINT_SECONDS } = options
  const worker = workerName()
  const claimed = holdClaim(queued, token, options)
  const notes: string[] = []
  const note = (line: string) => {
    notes.push(line)
    options.onNote?.(`${job.label}: ${line}`)
  }
  let reported = 0
  const report = (progress: JobProgress) => {
    options.onProgress?.(job, progress)
    if (Date.now() - reported < REPORT_EVERY) return
    reported = Date.now()
    queued.updateProgress({ worker, ...progress }).catch(() => {})
  }
  const giveBack = () => queued.moveToWait(token).catch(() => {}) // else its claim runs out
  try {
    options.onStart?.(job)
    report({ done: 0, total: 0, text: '' })
    const executor = { store, process, scratch, cache, worker, checkpointSeconds }
    const execution = await executeJob(
      job,
      executor,
      { onProgress: report, onNote: note },
      AbortSignal.any([signal, claimed.lost, claimed.cancelled]),
    )
    await queued.moveToCompleted(null, token, false).catch(() => {}) // its result is stored: whoever has it now finds that
    options.onDone?.(job, execution)
  } catch (error) {
    const { message, stack } = error as Error
    if (signal.aborted) await giveBack()
    else if (claimed.lost.aborted) note('another worker has taken it over')
    else if (claimed.cancelled.aborted) await cancel(queued, token, options)
    else if (error instanceof JobFailure) await fail(queued, token, error, notes, options)
    else {
      if (!(error instanceof InputError)) notes.push(stack ?? message)
      if (queued.attemptsStarted - queued.attemptsMade < MOST_STARTS) {
        note(`goes back to the queue: ${message}`)
        await giveBack()
      } else
        await fail(
          queued,
          token,
          new JobFailure(`${message} (started ${queued.attemptsStarted} times)`, ''),
          notes,
          options,
        )
      return error as Error
    }
  } finally {
    claimed.release()
    options.onEnd?.(job)
  }
  return undefined
}

/** Renews a claim until it is released; `lost` aborts when another worker has taken the job over, `cancelled` when it is not wanted any more. */
function holdClaim(queued: BullJob, token: string, { claim, isCancelled }: QueuedJobOptions) {
  const lost = new AbortController()
  const cancelled = new AbortController()
  const abort = (controller: AbortController, why: string) => controller.abort(new DOMException(why, 'AbortError'))
  const lose = () => abort(lost, 'another worker has taken the job over')
  const renewing = setInterval(() => {
    queued.extendLock(token, 1000 * claim).then(
      (isOurs) => isOurs !== 1 && lose(),
      (error) => /lock|Missing/i.test(error.message) && lose(), // else Redis is away: it is tried again
    )
    isCancelled(String(queued.id)).then(
      (is) => is && abort(cancelled, 'the job was taken back'),
      () => {},
    )
  }, 300 * claim)
  return { lost: lost.signal, cancelled: cancelled.signal, release: () => clearInterval(renewing) }
}

/** Ends a job for good: the queue does not try it again. */
async function endFailed(queued: BullJob, token: string, reason: string): Promise<void> {
  const error = new Error(reason)
  error.name = 'UnrecoverableError' // as BullMQ knows it
  await queued.moveToFailed(error, token, false).catch(() => {})
}

/** Ends a job that was taken back. */
async function cancel(queued: BullJob, token: string, { onNote }: QueuedJobOptions): Promise<void> {
  await endFailed(queued, token, CANCELLED)
  onNote?.(`${(queued.data as Job).label}: cancelled`)
}

/** Gives a failed try back: the queue tries again later, or calls the job failed. */
async function fail(
  queued: BullJob,
  token: string,
  { message, log }: JobFailure,
  notes: readonly string[],
  { onFailed }: QueuedJobOptions,
): Promise<void> {
  const lines = [...notes, ...log.split('\n')].filter((line) => line !== '')
  for (const line of lines) await queued.log(line).catch(() => {})
  const tries = (queued.opts.attempts ?? 1) - queued.attemptsMade - 1
  await queued.moveToFailed(new Error(message), token, false).catch(() => {})
  onFailed?.(queued.data as Job, message, Math.max(tries, 0))
}
