/** One row for all tokens that a text lacks: a search moves it, and the others are its copies. */
import type { ParameterMemory } from '../kernels/parameter-memory.js'
import { copiedRows, copyRow, type RowCopies } from '../mask/index.js'
import { type Algorithm, asTicket } from './algorithm.js'
import { clearRows, type UnusedRows } from './unused-rows.js'

/**
 * An algorithm in whose matrices many rows are one parameter. The gradient of such a row is the sum of those of all its copies (the chain rule), and
 * after everything that writes effective weights the row is copied. What is inside, clipping too, sees copies with gradients of 0.
 * @param unused rows without weights of their own, by the name of their matrix; those that are not copies are left alone
 */
export function withSharedRows<A extends Algorithm>(
  algorithm: A,
  memory: Pick<ParameterMemory, 'matrix'>,
  unused: ReadonlyMap<string, UnusedRows>,
): A {
  const tables = [...unused].flatMap(([name, rows]) => {
    return rows.copies ? [{ matrix: memory.matrix(name), rows, copies: rows.copies }] : []
  })
  if (tables.length === 0) return algorithm
  const copy = () => {
    for (const { matrix, copies } of tables) copyRow(matrix.effective, copies)
  }
  copy()
  return {
    ...algorithm,
    update(adamw) {
      for (const { matrix, rows, copies } of tables) {
        addCopies(matrix.gradient, copies)
        clearRows(matrix.gradient, rows)
      }
      algorithm.update(adamw)
      copy()
    },
    restored() {
      algorithm.restored()
      copy()
    },
    async asTicket(work) {
      try {
        return await asTicket(algorithm, () => {
          copy()
          return work()
        })
      } finally {
        copy()
      }
    },
  }
}

/** Adds the values of all copies to those of the row that they are copies of: sums in float64, in the order of the rows. */
function addCopies(values: Float32Array, copies: RowCopies): void {
  const { row, columns } = copies
  const sums = Float64Array.from(values.subarray(row * columns, (row + 1) * columns))
  for (const copied of copiedRows(copies)) {
    for (let column = 0; column < columns; column++) sums[column] += values[copied * columns + column]
  }
  values.set(sums, row * columns)
}
