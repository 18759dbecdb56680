/** Matrices in which many rows are copies of one: those of tokens that a text lacks. */
import { getBit } from './packed-bits.js'

/** Which rows of a matrix are copies, and of which row. */
export interface RowCopies {
  /** The row that is copied; it is one of `own`. */
  readonly row: number
  /** Packed bits, one a row: the rows that have weights of their own. All others are copies. */
  readonly own: Uint8Array
  /** Rows of the matrix, and columns of each. */
  readonly rows: number
  readonly columns: number
}

/** The rows that are copies, ascending. */
export function copiedRows({ own, rows }: Pick<RowCopies, 'own' | 'rows'>): number[] {
  return Array.from({ length: rows }, (_, row) => row).filter((row) => !getBit(own, row))
}

/** Writes the copies, in place. @param values row-major [rows * columns] */
export function copyRow(values: Float32Array, copies: RowCopies): void {
  const { row, columns } = copies
  for (const copied of copiedRows(copies)) {
    values.copyWithin(copied * columns, row * columns, (row + 1) * columns)
  }
}
