// The table of `methods`.
import { figure } from './measure.mjs'
import { halfText } from './over-seeds.mjs'

/** Rows of cells, the first of titles; the least loss first. */
export function tableOf(rows) {
  const sorted = rows.toSorted((a, b) => a.loss - b.loss)
  return [
    ['method', 'nats a byte', '95 %', 'bits a weight', 'file bytes', 'seconds'],
    ...sorted.map(({ name, loss, half, bitsPerWeight, bytes, seconds }) => [
      name,
      loss.toFixed(3),
      halfText(half),
      bitsPerWeight.toFixed(2),
      figure(Math.round(bytes)),
      figure(Math.round(seconds)),
    ]),
  ]
}
