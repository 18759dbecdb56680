/** How the rows of a sweep are drawn: a number against the option that has the most values, a line for each setting of the others. */
import { columnsOf, type SweepNumber, type SweepRow } from './sweep-table.js'

/** Most lines of a figure: more cannot be told apart. */
export const MOST_LINES = 20

/** A setting's number, at a value of the option that the figure goes along. */
export interface SweepLinePoint extends SweepNumber {
  /** A number where all values of the option are numbers. */
  readonly x: number | string
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
  readonly lines: readonly SweepLine[]
}

/** The text of an option that a run does not give. */
const DEFAULT = 'default'

/**
 * @param number which of the rows' numbers
 * @returns undefined where no option has two values, or there would be more than {@link MOST_LINES} lines
 */
export function sweepLines(rows: readonly SweepRow[], number: string): SweepLines | undefined {
  const known = rows.filter(({ numbers }) => numbers[number] !== undefined)
  const { options } = columnsOf(known)
  const valuesOf = (name: string) => [...new Set(known.map(({ setting }) => setting[name] ?? DEFAULT))]
  const [across] = [...options].sort((a, b) => valuesOf(b).length - valuesOf(a).length)
  if (across === undefined || valuesOf(across).length < 2) return undefined
  const values = valuesOf(across)
  const isNumeric = values.every((value) => value !== '' && Number.isFinite(Number(value)))
  const others = options.filter((name) => name !== across)
  const lines = new Map<string, SweepLinePoint[]>()
  for (const { setting, numbers } of known) {
    const label = others.map((name) => `${name} ${setting[name] ?? DEFAULT}`).join(', ')
    const value = setting[across] ?? DEFAULT
    const points = lines.get(label) ?? []
    points.push({ x: isNumeric ? Number(value) : value, ...numbers[number] })
    lines.set(label, points)
  }
  if (lines.size > MOST_LINES) return undefined
  const xs = values.map(Number)
  return {
    across,
    values,
    isNumeric,
    isWide: isNumeric && Math.min(...xs) > 0 && Math.max(...xs) >= 30 * Math.min(...xs),
    lines: [...lines].map(([label, points]) => ({
      label,
      points: isNumeric ? points.sort((a, b) => Number(a.x) - Number(b.x)) : points,
    })),
  }
}

/** `Means of 2 to 3 runs a setting; bars are one standard deviation.` */
export function sweepCaption(rows: readonly SweepRow[], number: string): string {
  const counts = rows.filter(({ numbers }) => numbers[number] !== undefined).map(({ count }) => count)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const seeds = least === most ? `${least}` : `${least} to ${most}`
  return `Means of ${seeds} ${most === 1 ? 'run' : 'runs'} a setting${most > 1 ? '; bars are one standard deviation' : ''}.`
}
