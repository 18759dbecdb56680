// The tables of `defaults`.
import { figure } from './measure.mjs'
import { difference, halfText, signed } from './over-seeds.mjs'

/** The row that all others of a grid are compared with. */
export const BASE = 'base'

/** Names of the base, and of rows whose loss of the first seed is at most `within` above the least. */
export function closeRows(rows, within) {
  const least = Math.min(...rows.map(({ losses }) => losses[0]))
  return rows.filter(({ name, losses }) => name === BASE || losses[0] <= least + within).map(({ name }) => name)
}

/** Rows of cells, the first of titles; the base first, then the least loss first. */
export function tableOf(rows) {
  const base = rows.find(({ name }) => name === BASE)
  const others = rows.filter((row) => row !== base).toSorted((a, b) => a.loss - b.loss)
  return [
    ['in place of the base', 'nats a byte', '95 %', 'less the base, seed by seed', '95 %', 'file bytes', 'seeds'],
    ...[base, ...others].map((row) => {
      const less = row === base ? undefined : difference(row, base)
      return [
        row.name,
        row.loss.toFixed(3),
        halfText(row.half),
        less === undefined ? '' : signed(less.mean),
        halfText(less?.half),
        figure(Math.round(row.bytes)),
        String(row.seeds.length),
      ]
    }),
  ]
}
