/** Reads the files of a sweep's folder, which are anybody's: nothing in them is taken for granted. */
import { InputError } from '../safetensors/index.js'
import type { Job } from './job.js'
import { readJob } from './read-job.js'
import type { CurvePoint, RunCounts, RunState, RunStatus } from './run-state.js'
import { readPlan, type SweepPlan } from './sweep.js'

export const SWEEP_VERSION = '1'

/** `sweep.json` in the folder of a sweep: what is run, and where. */
export interface SweepRecord {
  readonly plan: SweepPlan
  /** Address of the queue without its password; null where the runs are here. */
  readonly queue: string | null
  readonly store: string
  /** Whether tickets and trained models are copied out of the store at the end. */
  readonly models?: boolean
  readonly jobs: readonly Job[]
}

/** @param path for messages @throws InputError for a text that is no record of a sweep */
export function parseSweepRecord(path: string, text: string): SweepRecord {
  try {
    const { version, ...record } = expectVersion(text)
    if (!Array.isArray(record.jobs) || typeof record.store !== 'string')
      throw new TypeError('jobs or store are missing')
    if (record.queue !== null && typeof record.queue !== 'string') throw new TypeError('queue is missing')
    return { ...(record as unknown as SweepRecord), jobs: record.jobs.map(readJob), plan: readPlan(record.plan) }
  } catch (error) {
    throw new InputError(`${path}: not the record of a sweep: ${(error as Error).message}`)
  }
}

/** `state.json` in the folder of a sweep: where it stood at a time. */
export interface SavedSweep {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly counts: RunCounts
  /** Runs that ended a second. */
  readonly rate: number
  readonly secondsLeft: number | null
  /** ISO 8601, UTC: when the sweep was first started, and when its last run ended; null where it is not known, or has not. */
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly runs: readonly RunState[]
}

/** @param path for messages @throws InputError for a text that is no state of a sweep */
export function parseSavedSweep(path: string, text: string): SavedSweep {
  try {
    const { at, rate, secondsLeft, startedAt, endedAt, runs } = expectVersion(text)
    if (!Array.isArray(runs)) throw new TypeError('"runs" is missing')
    const read = runs.map(readRun)
    const counts: Record<RunStatus, number> = { waiting: 0, running: 0, done: 0, failed: 0 }
    for (const { status } of read) counts[status]++
    return {
      at: isText(at) ? at : '',
      counts,
      rate: isNumber(rate) ? rate : 0,
      secondsLeft: isNumber(secondsLeft) ? secondsLeft : null,
      startedAt: isText(startedAt) ? startedAt : null,
      endedAt: isText(endedAt) ? endedAt : null,
      runs: read,
    }
  } catch (error) {
    throw new InputError(`${path}: not the state of a sweep: ${(error as Error).message}`)
  }
}

function expectVersion(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TypeError('no JSON') // the parser's own words hold pieces of the file, with line breaks
  }
  if (!isObject(value)) throw new TypeError('no object')
  if (value.version !== SWEEP_VERSION)
    throw new RangeError(`version ${JSON.stringify(value.version) ?? 'none'} is unknown`)
  return value
}

const statuses: readonly unknown[] = ['waiting', 'running', 'done', 'failed'] satisfies RunStatus[]

/** The fields of a run that are what they should be. @throws TypeError where one that every run has is not */
function readRun(value: unknown, i: number): RunState {
  if (!isObject(value) || !isText(value.id) || !isText(value.label) || !statuses.includes(value.status))
    throw new TypeError(`runs[${i}] is none`)
  const { id, label, status, varied, worker, seconds, progress, points, numbers, files, failure, found, disputed } =
    value
  return {
    id,
    label,
    varied: pick(varied, isText),
    status: status as RunStatus,
    ...(isText(worker) && { worker }),
    ...(isNumber(seconds) && { seconds }),
    ...(isProgress(progress) && { progress }),
    ...(Array.isArray(points) && points.every(isPoint) && { points }),
    ...(isObject(numbers) && { numbers: pick(numbers, isNumber) }),
    ...(isObject(files) && { files: pick(files, isText) }),
    ...(isObject(failure) &&
      isText(failure.message) && {
        failure: { message: failure.message, log: isText(failure.log) ? failure.log : '' },
      }),
    ...(found === true && { found }),
    ...(disputed === true && { disputed }),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => Number.isFinite(value)
const isPoint = (value: unknown): value is CurvePoint =>
  Array.isArray(value) && value.length === 2 && value.every(isNumber)
const isProgress = (value: unknown): value is NonNullable<RunState['progress']> =>
  isObject(value) && isNumber(value.done) && isNumber(value.total) && isText(value.text)

function pick<T>(value: unknown, is: (each: unknown) => each is T): Record<string, T> {
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, T] => is(entry[1])))
}
