/** A job: what is to be done, and the name that its result has. */
import { nodeSha256 } from '../files/sha256.js'
import { fingerprintOf } from '../search/fingerprint.js'
import type { StoredFile } from './objects.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type JsonObject = { readonly [name: string]: Json }

/**
 * Version of what workers and queue say to each other, and of the results. A change of what any job computes from the same settings raises
 * it: jobs, workers and results of other versions do not meet.
 */
export const QUEUE_VERSION = '1'

export const jobKinds = ['nothing', 'search', 'prune', 'eval', 'matrix'] as const
export type JobKind = (typeof jobKinds)[number]

/** A file or folder that a job reads: its files by their path within it; of a single file, its name alone. */
export interface JobInput {
  /** Of the file or folder, as results and messages call it. */
  readonly name: string
  readonly isFolder: boolean
  readonly files: Readonly<Record<string, StoredFile>>
  /** No other job reads it: it lies at {@link placeOfOnce}, a worker does not keep it, and who asked for the job removes it at the end. */
  readonly once?: true
}

/** What a worker must have. */
export interface JobNeeds {
  /** Most memory that the job's process takes, as estimated. */
  readonly bytes: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
}

/** Plain values: a job goes through a queue as JSON. */
export interface Job {
  /** SHA-256 of what determines the result, 64 hexadecimal digits. Two jobs with one id have one result. */
  readonly id: string
  readonly kind: JobKind
  /** For people; the result does not depend on it. */
  readonly label: string
  /** What the kind's `run` reads. */
  readonly request: JsonObject
  readonly inputs: Readonly<Record<string, JobInput>>
  readonly needs: JobNeeds
}

/** @param identity everything that determines the result, contents of inputs included */
export function createJob(job: Omit<Job, 'id'>, identity: object): Job {
  return { id: fingerprintOf(nodeSha256, { version: QUEUE_VERSION, kind: job.kind, identity }), ...job }
}

/** Where the files lie in the store that one job alone reads. */
export const placeOfOnce = (id: string): string => `once/${id}`
