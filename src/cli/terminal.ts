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
      if (!json) process.stdout.write(`${wrapLines(line, columnsOf(process.stdout))}\n`)
    },
    note(line) {
      process.stderr.write(`${wrapLines(line, columnsOf(process.stderr))}\n`)
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

/** Columns of the terminal on a stream; Infinity where it is none. */
export const columnsOf = (stream: NodeJS.WriteStream): number =>
  stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY

/** Characters that are seen: colours take no room. */
export function lengthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
  return text.replaceAll(/\u001b\[[\d;]*m/g, '').length
}

/** Breaks lines that are longer than `columns` at spaces; words are never broken. */
export function wrapLines(text: string, columns: number): string {
  if (text.includes('\n'))
    return text
      .split('\n')
      .map((line) => wrapLines(line, columns))
      .join('\n')
  if (lengthOf(text) <= columns) return text
  const indent = text.length - text.trimStart().length
  const lines: string[] = []
  for (const word of text.trimStart().split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(' '.repeat(indent) + word)
  }
  return lines.join('\n')
}

/** No column of words is made narrower than this. */
const LEAST_COLUMN = 12

const digits = String.raw`[-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?`

/** A cell that is a number: `-`, `2,401`, `7.70e-7`; one with a unit of one word: `3.25x`, `95 %`, `1.2 ms`; or a shape: `392 x 49`. */
const number = new RegExp(`^(?:-|${digits}(?: ?[^\\s\\d.,;:]\\S*)?|${digits}(?: x ${digits})+)$`)

/**
 * A table with a header and thin lines; columns whose every cell is a number, as {@link number} tells, are set to the right.
 * Where it is too wide, the space between columns shrinks first, then the widest columns of words break into lines.
 * @param colour the terminal's colours
 * @param columns what there is room for; default: the terminal's width
 */
export function table(
  colour: Terminal['colour'],
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns = columnsOf(process.stdout),
): string {
  const isNumber = (column: number) => rows.length > 0 && rows.every((row) => number.test(row[column]))
  const isRight = head.map((_, column) => isNumber(column))
  const widths = head.map((title, column) => Math.max(lengthOf(title), ...rows.map((row) => lengthOf(row[column]))))
  const total = (space: number) => widths.reduce((sum, width) => sum + width + space, 0)
  const isNarrow = total(3) - 1 > columns
  while (isNarrow && total(1) > columns) {
    const words = widths.map((width, column) => (isRight[column] ? 0 : width))
    const widest = Math.max(...words)
    if (widest <= LEAST_COLUMN) break
    widths[words.indexOf(widest)]--
  }
  const padding = isNarrow ? { 'padding-left': 0, 'padding-right': 1 } : { 'padding-left': 1, 'padding-right': 1 }
  const drawn = new Table({
    head: head.map((title) => colour.bold(title)),
    colAligns: isRight.map((right) => (right ? 'right' : 'left')),
    colWidths: widths.map((width) => width + (isNarrow ? 1 : 2)),
    wordWrap: true,
    style: { head: [], border: [], compact: true, ...padding },
    chars: isNarrow ? { ...plainLines, middle: '', 'mid-mid': '' } : plainLines,
  })
  for (const row of rows) drawn.push([...row])
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
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

/** A time in the unit that fits: 0.8 s, 4 min 10 s, 2 h 5 min. */
export function secondsText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
