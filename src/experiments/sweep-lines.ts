/** How the rows of a sweep are drawn: a number against the option that has the most values, a line for each setting of the others. */
import { measureNamed } from './sweep-measures.js'
import type { SweepNumber, SweepRow } from './sweep-rows.js'
import { columnsOf } from './sweep-table.js'

/** Most lines of a figure: more cannot be told apart. */
export const MOST_LINES = 20

/** From this ratio of the largest to the smallest on, values > 0 stand on a log axis: options, and means. */
const WIDE_OPTION = 30
const WIDE_NUMBER = 50

/** A setting's number, at a value of the option that the figure goes along. */
export interface SweepLinePoint extends SweepNumber {
  /** A number where all values of the option are numbers. */
  readonly x: number | string
  /** The ends of the bar, one standard deviation to each side, cut at the bounds of the measure; both the mean where there is none. */
  readonly bar: readonly [low: number, high: number]
}

export interface SweepLine {
  /** The setting of the other options; empty where there are none. */
  readonly label: string
  /** By rising x where that is a number. */
  readonly points: readonly SweepLinePoint[]
}

export interface SweepLines {
  /** The option that the figure goes along. */
  readonly across: string
  /** Its values, in the order in which they come first. */
  readonly values: readonly string[]
  readonly isNumeric: boolean
  /** Numbers > 0 of which the largest is at least 30 times the smallest: they stand on a log axis. */
  readonly isWide: boolean
  /** All means are > 0, and the largest is at least 50 times the smallest: they stand on a log axis. */
  readonly isLogNumber: boolean
  readonly lines: readonly SweepLine[]
}

/** Why there is nothing to draw. */
export interface NoFigure {
  /** `no option beside seeds has two values`. */
  readonly reason: string
}

/** The text of an option that a run does not give. */
const DEFAULT = 'default'

/** @param number which of the rows' numbers */
export function sweepLines(rows: readonly SweepRow[], number: string): SweepLines | NoFigure {
  const { title, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = measureNamed(number)
  const known = rows.filter(({ numbers }) => numbers[number] !== undefined)
  if (known.length === 0) return { reason: `no run has found its ${title}` }
  const { options } = columnsOf(known)
  const valuesOf = (name: string) => [...new Set(known.map(({ setting }) => setting[name] ?? DEFAULT))]
  const [across] = [...options].sort((a, b) => valuesOf(b).length - valuesOf(a).length)
  if (across === undefined || valuesOf(across).length < 2)
    return { reason: 'of the runs that are done, all have the same options beside seeds' }
  const values = valuesOf(across)
  const isNumeric = values.every((value) => value !== '' && Number.isFinite(Number(value)))
  const others = options.filter((name) => valuesOf(name).length > 1 && name !== across)
  const lines = new Map<string, SweepLinePoint[]>()
  for (const { setting, numbers } of known) {
    const label = others.map((name) => `${name} ${setting[name] ?? DEFAULT}`).join(', ')
    const value = setting[across] ?? DEFAULT
    const points = lines.get(label) ?? []
    const found = numbers[number]
    const by = found.deviation ?? 0
    const bar = [Math.max(found.mean - by, low), Math.min(found.mean + by, high)] as const
    points.push({ x: isNumeric ? Number(value) : value, bar, ...found })
    lines.set(label, points)
  }
  if (lines.size > MOST_LINES)
    return { reason: `it would have ${lines.size} lines, and more than ${MOST_LINES} cannot be told apart` }
  return {
    across,
    values,
    isNumeric,
    isWide: isNumeric && isApart(values.map(Number), WIDE_OPTION),
    isLogNumber: isApart(
      known.map(({ numbers }) => numbers[number].mean),
      WIDE_NUMBER,
    ),
    lines: [...lines].map(([label, points]) => ({
      label,
      points: isNumeric ? points.sort((a, b) => Number(a.x) - Number(b.x)) : points,
    })),
  }
}

/** Whether all are > 0 and the largest is at least so many times the smallest. */
function isApart(values: readonly number[], times: number): boolean {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  return least > 0 && values.reduce((a, b) => Math.max(a, b), 0) >= times * least
}

/** Most ticks that stand at the values themselves. */
const MOST_TICKS = 12

/** Two ticks that are nearer than this part of the axis would run into each other. */
const LEAST_GAP = 0.045

/**
 * Where the axis of an option has its ticks: at the option's values, where they are few and none is near another.
 * @returns undefined where a linear axis may choose
 */
export function ticksOf(values: readonly number[], isLog: boolean): readonly number[] | undefined {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  const [least, most] = [sorted[0], sorted[sorted.length - 1]]
  const at = (value: number) => (isLog ? Math.log(value) : value)
  const isNear = sorted.some((value, i) => i > 0 && at(value) - at(sorted[i - 1]) < LEAST_GAP * (at(most) - at(least)))
  if (sorted.length <= MOST_TICKS && !isNear) return sorted
  return isLog ? logTicks(least, most) : undefined
}

/** Powers of ten between two numbers > 0, both inclusive; below two and a half decades also twice and five times each. */
export function logTicks(low: number, high: number): readonly number[] {
  const factors = Math.log10(high / low) < 2.5 ? [1, 2, 5] : [1]
  const powers = Array.from(
    { length: Math.floor(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => i + Math.floor(Math.log10(low)),
  )
  const ticks = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
  return ticks.filter((tick) => tick >= low && tick <= high)
}

/** The text of a tick: `0.001`, `250`, `1e-6`. */
export function tickText(value: number): string {
  const rounded = Number(value.toPrecision(6))
  const size = Math.abs(rounded)
  return size === 0 || (size >= 1e-4 && size < 1e6) ? String(rounded) : rounded.toExponential().replace('e+', 'e')
}

/** `Means of 2 to 3 runs a setting; bars are one standard deviation.` */
export function sweepCaption(rows: readonly SweepRow[], number: string): string {
  const counts = rows.filter(({ numbers }) => numbers[number] !== undefined).map(({ count }) => count)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const seeds = least === most ? `${least}` : `${least} to ${most}`
  return `Means of ${seeds} ${most === 1 ? 'run' : 'runs'} a setting${most > 1 ? '; bars are one standard deviation' : ''}.`
}
