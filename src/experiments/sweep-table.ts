/** The table of a sweep, for programs as CSV and for people. */
import { csvText } from './csv.js'
import { alignedTexts, spreadText } from './sweep-numbers.js'
import { type Best, bestSetting, type SweepRow } from './sweep-rows.js'

/** Names of the options and numbers of some rows, in the order in which they come first. */
export const columnsOf = (rows: readonly SweepRow[]): { options: string[]; numbers: string[] } => ({
  options: [...new Set(rows.flatMap(({ setting }) => Object.keys(setting)))],
  numbers: [...new Set(rows.flatMap(({ numbers }) => Object.keys(numbers)))],
})

/**
 * The rows as CSV: options, `runs`, `failed`, then for each number its mean, its standard deviation, and the ends of the mean's 95 % interval:
 * `loss_mean`, `loss_sd`, `loss_ci95_low`, `loss_ci95_high`; empty where there is none.
 */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const { options, numbers } = columnsOf(rows)
  const parts = ['mean', 'sd', 'ci95_low', 'ci95_high']
  const head = [...options, 'runs', 'failed', ...numbers.flatMap((name) => parts.map((part) => `${name}_${part}`))]
  const lines = rows.map(({ setting, count, failed, numbers: found }) => [
    ...options.map((name) => setting[name]),
    count,
    failed,
    ...numbers.flatMap((name) => {
      const { mean, deviation, ci95 } = found[name] ?? {}
      return [mean, deviation, ci95?.[0], ci95?.[1]]
    }),
  ])
  return csvText([head, ...lines])
}

/** A column of the table that people read. */
export interface SweepColumn {
  readonly name: string
  readonly kind: 'option' | 'count' | 'number'
  /** A text for each row. */
  readonly cells: readonly string[]
}

/**
 * The columns: options, runs, failed where a run has failed, numbers as mean ± standard deviation.
 * @param aligned whether the texts of a number have equal lengths, with their decimal points below each other
 */
export function sweepColumns(rows: readonly SweepRow[], { aligned = false } = {}): SweepColumn[] {
  const { options, numbers } = columnsOf(rows)
  const counted = (name: string, of: (row: SweepRow) => number): SweepColumn => ({
    ...{ name, kind: 'count' },
    cells: rows.map((row) => String(of(row))),
  })
  return [
    ...options.map(
      (name): SweepColumn => ({ name, kind: 'option', cells: rows.map(({ setting }) => setting[name] ?? '') }),
    ),
    counted('runs', ({ count }) => count),
    ...(rows.some(({ failed }) => failed > 0) ? [counted('failed', ({ failed }) => failed)] : []),
    ...numbers.map((name): SweepColumn => {
      const found = rows.map((row) => row.numbers[name])
      const cells = aligned ? alignedTexts(found) : found.map((number) => (number ? spreadText(number) : ''))
      return { name, kind: 'number', cells }
    }),
  ]
}

/** `the lowest validation loss, whose 95 % interval meets no other's`. */
export const bestText = ({ text }: Best): string => `the ${text}, whose 95 % interval meets no other's`

/** A run that failed, in a line. */
export interface SweepFailure {
  readonly label: string
  readonly message: string
}

/**
 * The rows as a table of Markdown, the best setting's number bold, and below it a line for each run that failed.
 * @param number the one that the sweep is about
 */
export function sweepMarkdown(rows: readonly SweepRow[], number: string, failures: readonly SweepFailure[]): string {
  const columns = sweepColumns(rows)
  const best = bestSetting(rows, number)
  const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = columns.map(({ kind }) => (kind === 'option' ? '---' : '---:'))
  const body = rows.map((_, row) =>
    line(
      columns.map(({ name, cells }) => {
        const text = escaped(cells[row])
        return name === number && row === best?.row ? `**${text}**` : text
      }),
    ),
  )
  const notes = [
    ...(best ? ['', `Bold: ${bestText(best)}.`] : []),
    ...(failures.length > 0 ? ['', 'Runs that failed:', ''] : []),
    ...failures.map(({ label, message }) => `- ${escaped(label)}: ${escaped(message)}`),
  ]
  return [line(columns.map(({ name }) => escaped(name))), line(rule), ...body, ...notes, ''].join('\n')
}
