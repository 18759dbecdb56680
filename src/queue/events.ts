import type { Execution } from './execute.js'
import type { Job } from './job.js'
import type { JobProgress } from './run-state.js'

/** What happens to jobs, wherever they are run. */
export interface JobEvents {
  /** @param worker who runs it */
  onStart?(job: Job, worker: string): void
  onProgress?(job: Job, progress: JobProgress): void
  onDone?(job: Job, execution: Pick<Execution, 'result' | 'found' | 'agrees'>): void
  /** It waits again: its worker has ended, or the queue was begun anew. */
  onBack?(job: Job): void
  /** It failed for good. @param log its last lines */
  onFailed?(job: Job, message: string, log: string): void
  /** A line about a job that the user should read. */
  onNote?(job: Job, line: string): void
}
