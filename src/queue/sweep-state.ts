/** Where a sweep stands, run by run: what the live table, the files of the sweep and the explorer show. */
import { type Curve, createCurve, pointsFor } from './curve.js'
import type { JobEvents } from './events.js'
import type { Job, JsonObject } from './job.js'
import { createPace } from './pace.js'
import type { JobResult } from './results.js'
import type { CurvePoint, JobProgress, RunCounts, RunState } from './run-state.js'
import type { SweepPlan, SweepRun } from './sweep.js'

export interface SweepState {
  readonly runs: readonly RunState[]
  readonly counts: () => RunCounts
  /** Runs that ended in this process a second; 0 before the first. Those found done do not count. */
  readonly rate: () => number
  /** Seconds until the last run is done, by the steps that are done; undefined where it is unknown. */
  readonly secondsLeft: () => number | undefined
  /** Seconds since this process follows the sweep. */
  readonly elapsed: () => number
  readonly events: Required<Pick<JobEvents, 'onStart' | 'onProgress' | 'onBack' | 'onDone' | 'onFailed'>>
}

/**
 * Follows the jobs of a sweep.
 * @param jobs of the runs, in their order; runs with one id share a job
 * @param onChange hears of every change
 * @param now milliseconds
 */
export function followSweep(
  runs: readonly SweepRun[],
  jobs: readonly Job[],
  onChange: (run: RunState) => void,
  now: () => number = () => performance.now(),
): SweepState {
  const states = runs.map(({ varied }, i): RunState => {
    const { id, label } = jobs[i]
    return { id, label, varied, status: 'waiting' }
  })
  const byId = new Map<string, RunState[]>()
  for (const state of states) byId.set(state.id, [...(byId.get(state.id) ?? []), state])
  const change = (job: Job, changes: Partial<RunState>) => {
    for (const state of byId.get(job.id) ?? []) onChange(Object.assign(state, changes))
  }
  const curves = new Map<string, Curve>()
  const pointsWith = ({ id }: Job, { done, total }: JobProgress, value: number): readonly CurvePoint[] => {
    const curve = curves.get(id) ?? createCurve(pointsFor(runs.length))
    curves.set(id, curve)
    curve.add(done, total, value)
    return curve.points
  }
  const pace = createPace(byId.size, now)
  const followed = now()
  let started: number | undefined
  let ended = 0
  const counts = (): RunCounts => {
    const found = { waiting: 0, running: 0, done: 0, failed: 0 }
    for (const { status } of states) found[status]++
    return found
  }
  const rate = () => (started === undefined || ended === 0 ? 0 : ended / Math.max((now() - started) / 1000, 1e-3))
  return {
    runs: states,
    counts,
    rate,
    secondsLeft: pace.secondsLeft,
    elapsed: () => (now() - followed) / 1000,
    events: {
      onStart(job, worker) {
        started ??= now()
        pace.begin(job.id)
        change(job, { status: 'running', worker })
      },
      onProgress(job, { value, ...progress }) {
        started ??= now()
        pace.at(job.id, progress)
        const points = value === undefined ? {} : { points: pointsWith(job, progress, value) }
        change(job, { status: 'running', progress, ...points })
      },
      onBack: (job) => change(job, { status: 'waiting', worker: undefined }),
      onDone(job, { result, found, agrees }) {
        if (found) {
          pace.skip(job.id)
          for (const state of byId.get(job.id) ?? []) delete state.worker // it was begun here, and made by another
        } else {
          pace.end(job.id)
          ended++
        }
        const files = Object.fromEntries(Object.entries(result.files).map(([name, { sha256 }]) => [name, sha256]))
        const disputed = agrees ? {} : { disputed: true }
        change(job, { status: 'done', numbers: numbersOf(job, result), files, found, ...disputed })
      },
      onFailed(job, message, log) {
        ended++
        pace.fail(job.id)
        change(job, { status: 'failed', failure: { message, log } })
      },
    },
  }
}

/** The number that a sweep of a command is about, and that its figure shows. */
export const measureOf = ({ command }: Pick<SweepPlan, 'command'>): string =>
  command === 'prune' ? 'divergence' : command === 'eval' ? 'loss' : 'validLoss'

/** Numbers of a result that a table shows, the most important first. */
function numbersOf({ kind }: Job, { values }: JobResult): Record<string, number> {
  const found = kind === 'prune' ? pruneNumbers(values) : pick(values, numberNames[kind])
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  )
}

const numberNames = {
  search: ['validLoss', 'bitsPerByte', 'accuracy', 'keptFraction', 'nonZero', 'outBytes'],
  eval: ['loss', 'bitsPerByte', 'perplexity', 'tokens'],
  nothing: ['number'],
  matrix: ['weights', 'unreachable', 'maxError'],
} as const

const pick = (values: JsonObject, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, values[name]]))

function pruneNumbers(values: JsonObject): Record<string, unknown> {
  const { predictions, embeddings } = (values.difference ?? {}) as {
    predictions?: { divergence: number; sameGreedy: number }
    embeddings?: { distance?: { mean: number } }
  }
  return {
    divergence: predictions?.divergence,
    sameGreedy: predictions?.sameGreedy,
    distance: embeddings?.distance?.mean,
    ...pick(values, ['maxWeightError', 'unreachable', 'bitsPerWeight', 'ticketBytes']),
  }
}
