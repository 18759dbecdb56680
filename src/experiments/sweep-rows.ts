/** The runs of a sweep by setting: what each setting has found, as mean and deviation over seeds, and how many of its runs failed. */
import { summarise } from './statistics.js'
import { measureNamed } from './sweep-measures.js'
import { meanInterval } from './verdict.js'

/** A run: the options by which it differs, and the numbers that it found. */
export interface SweepPoint {
  readonly varied: Readonly<Record<string, string>>
  /** Absent until it is done. */
  readonly numbers?: Readonly<Record<string, number>>
  readonly status?: 'waiting' | 'running' | 'done' | 'failed'
}

/** One setting of a sweep, whatever its seed. */
export interface SweepRow {
  /** The options, without the seed. */
  readonly setting: Readonly<Record<string, string>>
  /** How many runs are done. */
  readonly count: number
  readonly failed: number
  /** Empty where no run is done. */
  readonly numbers: Readonly<Record<string, SweepNumber>>
}

/** A number over the seeds of a setting. */
export interface SweepNumber {
  readonly mean: number
  /** Standard deviation, with n - 1; null for a single value. */
  readonly deviation: number | null
  /** 95 % interval of the mean (Student's t), both ends inclusive, cut at the bounds of the measure; null for fewer than 3 values. */
  readonly ci95: readonly [low: number, high: number] | null
  readonly values: readonly number[]
}

/** Options that make a run another sample of the same setting. */
const SEEDS = ['seed', 'data-seed']

/** The options of a run without its seeds. */
export const settingOf = (varied: SweepPoint['varied']): Record<string, string> =>
  Object.fromEntries(Object.entries(varied).filter(([name]) => !SEEDS.includes(name)))

/** Rows of the runs that are done or have failed, in the order in which their settings come first. */
export function sweepRows(runs: readonly SweepPoint[]): SweepRow[] {
  const groups = new Map<string, { setting: Record<string, string>; runs: SweepPoint[] }>()
  for (const run of runs) {
    if (run.numbers === undefined && run.status !== 'failed') continue
    const setting = settingOf(run.varied)
    const key = JSON.stringify(setting)
    const group = groups.get(key) ?? { setting, runs: [] }
    group.runs.push(run)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ setting, runs: same }) => {
    const done = same.flatMap(({ numbers }) => (numbers === undefined ? [] : [numbers]))
    const names = [...new Set(done.flatMap((numbers) => Object.keys(numbers)))]
    const numbers = names.map((name) => {
      const values = done.map((found) => found[name]).filter((value) => value !== undefined)
      return [name, numberOf(name, values)] as const
    })
    return { setting, count: done.length, failed: same.length - done.length, numbers: Object.fromEntries(numbers) }
  })
}

function numberOf(name: string, values: readonly number[]): SweepNumber {
  const { mean, deviation: found } = summarise(values)
  // Of equal values the mean may be off by a rounding, and so the deviation.
  const deviation = values.every((value) => value === values[0]) ? 0 : found
  const interval = meanInterval(values)
  const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = measureNamed(name)
  const cut = (end: number) => Math.min(Math.max(end, low), high)
  return {
    mean,
    deviation: values.length > 1 ? deviation : null,
    ci95: Number.isFinite(interval.low) ? [cut(interval.low), cut(interval.high)] : null,
    values,
  }
}

/** A setting that is better than all others. */
export interface Best {
  /** Its place among the rows. */
  readonly row: number
  /** `lowest validation loss`. */
  readonly text: string
}

/**
 * The best setting of some rows. There is one only if its 95 % interval meets no other's, so that none is called best by chance.
 * @param number which of the rows' numbers; undefined is returned for one that is neither better low nor better high
 */
export function bestSetting(rows: readonly SweepRow[], number: string): Best | undefined {
  const { better, title } = measureNamed(number)
  if (better === undefined) return undefined
  const sign = better === 'lower' ? 1 : -1
  const found = rows.flatMap(({ numbers }, row) => (numbers[number] ? [{ row, ...numbers[number] }] : []))
  if (found.length < 2) return undefined
  const [first, ...others] = found.sort((a, b) => sign * (a.mean - b.mean))
  const isApart = others.every(({ ci95 }) => {
    if (first.ci95 === null || ci95 === null) return false
    return sign > 0 ? first.ci95[1] < ci95[0] : first.ci95[0] > ci95[1]
  })
  return isApart ? { row: first.row, text: `${better === 'lower' ? 'lowest' : 'highest'} ${title}` } : undefined
}
