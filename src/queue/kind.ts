import type { JsonObject } from './job.js'

/** What a job's process gives to the code of its kind. */
export interface JobContext {
  /** Paths of the job's inputs on this machine. */
  readonly inputs: Readonly<Record<string, string>>
  /** A folder of the job's own. It holds what an earlier try has saved, here or on another machine, and nothing else. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Seconds between two checkpoints, > 0. */
  readonly checkpointSeconds: number
  /**
   * @param done of `total`
   * @param text a few words of where it stands
   * @param value of the job's curve at `done`, where it has one; one that is not finite is left out of the curve
   */
  onProgress(done: number, total: number, text: string, value?: number): void
  /** A line for the job's log. */
  onNote(line: string): void
  /**
   * Saves files of the folder, from which a later try goes on. They are linked or copied before this returns.
   * @param step grows from call to call
   * @param files by their path within the folder: `link` for files that are replaced and never written into, `copy` for those that grow
   */
  save(step: number, files: { readonly link: readonly string[]; readonly copy: readonly string[] }): Promise<void>
}

/** What a job has found: values that do not differ from run to run, and files by their paths. */
export interface JobFindings {
  readonly values: JsonObject
  readonly files: Readonly<Record<string, string>>
}

/** How jobs of a kind are run. @throws InputError or RangeError for what another try would not change */
export type RunJob = (request: JsonObject, context: JobContext) => Promise<JobFindings>
