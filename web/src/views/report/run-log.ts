import { type Signal, signal } from '@preact/signals'
import type { MetricsRow } from '../../../../src/search/metrics.js'

/** What the horizontal axis of a run's curves counts. */
export const axes = ['steps', 'tokens', 'minutes'] as const
export type RunAxis = (typeof axes)[number]

/** A curve: x rises. */
export interface LogCurve {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** The rows of a run, growing. */
export interface RunLog {
  /** Changes with the rows. */
  readonly version: Signal<number>
  /** Steps rise; a row whose step is not above the last one takes the place of that step and all after it. */
  append(rows: readonly MetricsRow[]): void
  clear(): void
  last(): MetricsRow | undefined
  /** The last row that validated. */
  validated(): MetricsRow | undefined
  /** A value averaged over stretches of `every` steps; rows without it do not count. */
  curve(field: 'loss' | 'flipped' | 'learningRate', axis: RunAxis, every: number): LogCurve
  /** The validation losses as they are, or where `every` steps hold several, the last of them. */
  validation(axis: RunAxis, every: number): LogCurve
}

export function createRunLog(): RunLog {
  const rows: MetricsRow[] = []
  const version = signal(0)
  return {
    version,
    append(fresh) {
      if (fresh.length === 0) return
      for (const row of fresh) {
        while (rows.length > 0 && rows[rows.length - 1].step >= row.step) rows.pop()
        rows.push(row)
      }
      version.value++
    },
    clear() {
      rows.length = 0
      version.value++
    },
    last: () => rows.at(-1),
    validated: () => rows.findLast(({ validLoss }) => validLoss !== undefined),
    curve(field, axis, every) {
      const [x, y]: [number[], number[]] = [[], []]
      let [sum, count] = [0, 0]
      rows.forEach((row, i) => {
        const value = row[field]
        if (value !== undefined) {
          sum += value
          count++
        }
        const next = rows[i + 1]
        if (next && stretch(next, every) === stretch(row, every)) return
        if (count > 0) {
          x.push(placeOf(row, axis))
          y.push(sum / count)
        }
        sum = 0
        count = 0
      })
      return { x, y }
    },
    validation(axis, every) {
      const found = rows.filter(({ validLoss }) => validLoss !== undefined)
      const shown = found.filter((row, i) => !found[i + 1] || stretch(found[i + 1], every) !== stretch(row, every))
      return { x: shown.map((row) => placeOf(row, axis)), y: shown.map(({ validLoss }) => validLoss!) }
    },
  }
}

/** Which stretch of steps a row is in: every, 2 every, ... are the last of theirs. */
const stretch = ({ step }: MetricsRow, every: number): number => Math.ceil(step / every)

const placeOf = ({ step, tokens, seconds }: MetricsRow, axis: RunAxis): number =>
  axis === 'steps' ? step : axis === 'tokens' ? tokens : seconds / 60

/** Steps to average over so that a curve has at most `points` of them: 1, 2 or 5 times a power of ten. */
export function stretchFor(steps: number, points = 250): number {
  for (let power = 1; ; power *= 10) {
    const every = [1, 2, 5].find((each) => each * power * points >= steps)
    if (every !== undefined) return every * power
  }
}
