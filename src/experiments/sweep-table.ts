/** The table of a sweep: what each setting has found, as mean and deviation over seeds. */
import { summarise } from './statistics.js'
import { type Interval, meanInterval } from './verdict.js'

/** A run that is done: the options by which it differs, and the numbers that it found. */
export interface SweepPoint {
  readonly varied: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, number>>
}

/** One setting of a sweep, whatever its seed. */
export interface SweepRow {
  /** The options, without the seed. */
  readonly setting: Readonly<Record<string, string>>
  /** How many runs are done. */
  readonly count: number
  readonly numbers: Readonly<Record<string, SweepNumber>>
}

/** A number over the seeds of a setting. */
export interface SweepNumber {
  readonly mean: number
  /** Standard deviation, with n - 1; null for a single value. */
  readonly deviation: number | null
  /** 95 % interval of the mean (Student's t); null for fewer than 3 values. */
  readonly low: number | null
  readonly high: number | null
  readonly values: readonly number[]
}

/** Options that make a run another sample of the same setting. */
const SEEDS = ['seed', 'data-seed']

/** The options of a run without its seeds. */
export const settingOf = (varied: SweepPoint['varied']): Record<string, string> =>
  Object.fromEntries(Object.entries(varied).filter(([name]) => !SEEDS.includes(name)))

/** Rows in the order in which their settings come first. */
export function sweepRows(points: readonly SweepPoint[]): SweepRow[] {
  const groups = new Map<string, { setting: Record<string, string>; points: SweepPoint[] }>()
  for (const point of points) {
    const setting = settingOf(point.varied)
    const key = JSON.stringify(setting)
    const group = groups.get(key) ?? { setting, points: [] }
    group.points.push(point)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ setting, points: same }) => {
    const names = [...new Set(same.flatMap(({ numbers }) => Object.keys(numbers)))]
    const numbers = names.map((name) => {
      const values = same.map((point) => point.numbers[name]).filter((value) => value !== undefined)
      return [name, numberOf(values)] as const
    })
    return { setting, count: same.length, numbers: Object.fromEntries(numbers) }
  })
}

function numberOf(values: readonly number[]): SweepNumber {
  const { mean, deviation: found } = summarise(values)
  // Of equal values the mean may be off by a rounding, and so the deviation.
  const deviation = values.every((value) => value === values[0]) ? 0 : found
  const interval: Interval = meanInterval(values)
  const isKnown = Number.isFinite(interval.low)
  return {
    mean,
    deviation: values.length > 1 ? deviation : null,
    low: isKnown ? interval.low : null,
    high: isKnown ? interval.high : null,
    values,
  }
}

/** Names of the options and numbers of some rows, in the order in which they come first. */
export const columnsOf = (rows: readonly SweepRow[]): { options: string[]; numbers: string[] } => ({
  options: [...new Set(rows.flatMap(({ setting }) => Object.keys(setting)))],
  numbers: [...new Set(rows.flatMap(({ numbers }) => Object.keys(numbers)))],
})

/** The rows as CSV (RFC 4180): options, then runs, then for each number mean, deviation, and the interval's ends; empty where there is none. */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const { options, numbers } = columnsOf(rows)
  const head = [
    ...options,
    'runs',
    ...numbers.flatMap((name) => [name, `${name} deviation`, `${name} low`, `${name} high`]),
  ]
  const lines = rows.map(({ setting, count, numbers: found }) => [
    ...options.map((name) => setting[name] ?? ''),
    String(count),
    ...numbers.flatMap((name) => {
      const { mean, deviation, low, high } = found[name] ?? {}
      return [mean, deviation, low, high].map((value) => (value === undefined || value === null ? '' : String(value)))
    }),
  ])
  return `${[head, ...lines].map((line) => line.map(quoted).join(',')).join('\r\n')}\r\n`
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** The rows as lines of text: a number with its deviation behind `±`. @param digits significant digits of the mean */
export function sweepCells(rows: readonly SweepRow[], digits = 5): { head: string[]; lines: string[][] } {
  const { options, numbers } = columnsOf(rows)
  return {
    head: [...options, 'runs', ...numbers],
    lines: rows.map(({ setting, count, numbers: found }) => [
      ...options.map((name) => setting[name] ?? ''),
      String(count),
      ...numbers.map((name) => numberText(found[name], digits)),
    ]),
  }
}

function numberText(number: SweepNumber | undefined, digits: number): string {
  if (number === undefined) return ''
  const { mean, deviation } = number
  const text = shortNumber(mean, digits)
  return deviation === null || deviation === 0 ? text : `${text} ± ${deviation.toPrecision(2)}`
}

/** An integer as it is, another number with so many significant digits. */
export const shortNumber = (value: number, digits = 5): string =>
  Number.isInteger(value) ? String(value) : Number(value.toPrecision(digits)).toString()

/** The rows as a table of Markdown. */
export function sweepMarkdown(rows: readonly SweepRow[]): string {
  const { head, lines } = sweepCells(rows)
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...lines.map(line), ''].join('\n')
}
