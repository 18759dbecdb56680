/** The table of a sweep in a terminal: where there is no room columns are left out, and no line is broken. */
import type { SweepRow } from '../experiments/sweep-rows.js'
import { type SweepColumn, sweepColumns } from '../experiments/sweep-table.js'
import { lengthOf, type Terminal, table } from './terminal.js'

/** No option's column is made narrower than this. */
const LEAST_OPTION = 4

/** Spaces of a column beside its text: as {@link table} sets them, and where there is little room. */
const SPACE = 3
const LEAST_SPACE = 1

/**
 * @param number the number that the sweep is about: its column is the last to go
 * @param best place of the row whose number is marked by a star; undefined for none
 * @param width columns of the terminal; Infinity where it is none
 * @returns the table, of lines that fit from about 30 columns on; and the names of the columns that there is no room for
 */
export function sweepTable(
  colour: Terminal['colour'],
  rows: readonly SweepRow[],
  { number, best }: { readonly number: string; readonly best: number | undefined },
  width: number,
): { text: string; leftOut: string[] } {
  const all = sweepColumns(rows, { aligned: true }).map((column) => {
    if (column.name !== number || best === undefined) return column
    return { ...column, cells: column.cells.map((cell, row) => `${cell}${row === best ? '*' : ' '}`) }
  })
  const widthOf = ({ name, cells }: SweepColumn) => Math.max(lengthOf(name), ...cells.map(lengthOf))
  const total = (columns: readonly SweepColumn[], space: number) =>
    columns.reduce((sum, column) => sum + widthOf(column) + space, 0)
  const shown = [...all]
  const leftOut: string[] = []
  // Numbers come with the most important first; that runs have failed stays to the end.
  const leastUseful = () =>
    shown.findLast(({ kind, name }) => kind === 'number' && name !== number) ??
    shown.find(({ name }) => name === 'runs')
  for (let least = leastUseful(); least !== undefined && total(shown, SPACE) - 1 > width; least = leastUseful()) {
    shown.splice(shown.indexOf(least), 1)
    leftOut.unshift(least.name)
  }
  const fitted = shortenOptions(shown, (columns) => total(columns, LEAST_SPACE) - width)
  const lines = rows.map((_, row) => fitted.map(({ cells }) => cells[row]))
  const head = fitted.map((column) => (column.kind === 'number' ? column.name.padStart(widthOf(column)) : column.name))
  return { text: table(colour, head, lines, width), leftOut }
}

/** Shortens the texts of options, the longest first, until nothing is in excess, or all are short. */
function shortenOptions(columns: readonly SweepColumn[], excess: (columns: readonly SweepColumn[]) => number) {
  let fitted = [...columns]
  while (excess(fitted) > 0) {
    const widths = fitted.map(({ kind, name, cells }) =>
      kind === 'option' ? Math.max(lengthOf(name), ...cells.map(lengthOf)) : 0,
    )
    const widest = Math.max(...widths)
    if (widest <= LEAST_OPTION) break
    const at = widths.indexOf(widest)
    const room = Math.max(widest - excess(fitted), LEAST_OPTION)
    const { name, cells, ...same } = fitted[at]
    fitted = fitted.with(at, { ...same, name: headOf(name, room), cells: cells.map((cell) => tailOf(cell, room)) })
  }
  return fitted
}

const headOf = (text: string, room: number) => (text.length <= room ? text : `${text.slice(0, room - 1)}…`)

/** The end of a text: paths differ there. */
const tailOf = (text: string, room: number) => (text.length <= room ? text : `…${text.slice(text.length - room + 1)}`)
