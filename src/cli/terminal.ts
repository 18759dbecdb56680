import Table from 'cli-table3'
import pc from 'picocolors'

/** Where a command prints: results on stdout, everything else on stderr. */
export interface Terminal {
  /** Whether the result is one JSON object. */
  readonly json: boolean
  /** Colours for stdout; they change nothing unless it is a terminal. */
  readonly colour: ReturnType<typeof pc.createColors>
  /** A line of the result; dropped with `--json`. */
  print(line?: string): void
  /** A line about the work, on stderr. */
  note(line: string): void
  /** The result as one object; dropped without `--json`. Infinities and NaN become null, bigints text. */
  result(value: object): void
}

/** The terminal of this process. */
export function createTerminal({ json = false }: { json?: boolean | undefined } = {}): Terminal {
  return {
    json,
    colour: pc.createColors(allowsColour(process.stdout)),
    print(line = '') {
      if (!json) process.stdout.write(`${line}\n`)
    },
    note(line) {
      process.stderr.write(`${line}\n`)
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))}\n`)
    },
  }
}

/** Colours and bars only on a terminal whose user has not asked for none. */
export function allowsColour(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

/**
 * A table with a header and thin lines; columns whose every cell starts with a digit or a sign are set to the right.
 * @param colour the terminal's colours
 */
export function table(
  colour: Terminal['colour'],
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const isNumber = (column: number) => rows.every((row) => /^([-+]?[\d.]|-$)/.test(row[column]))
  const drawn = new Table({
    head: head.map((title) => colour.bold(title)),
    colAligns: head.map((_, column) => (rows.length && isNumber(column) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 1, 'padding-right': 1 },
    chars: plainLines,
  })
  for (const row of rows) drawn.push([...row])
  return drawn.toString().replaceAll(/ +$/gm, '')
}

/** A rule under the header and nothing else. */
const plainLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  mid: '─',
  'mid-mid': '─',
  middle: ' ',
}

/** A count with thousands separated: 98,793. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** A number in three significant digits: 0.0582, 7.70e-7, 12,300. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e9 || size < 1e-3) return value.toExponential(2)
  return size >= 1000 ? count(value) : value.toPrecision(3)
}

/** Bytes in the unit that fits: 812 B, 1.53 MB. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`
}

/** A time in the unit that fits: 0.8 s, 4 min 10 s, 2 h 5 min. */
export function secondsText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
