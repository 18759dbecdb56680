/** A mask as a small picture: kept fractions of the cells of a grid laid over it. */
import { getBit } from '../mask/index.js'
import type { MaskMatrix } from './mask-lines.js'

/** Kept fractions of a grid of cells, row-major. */
export interface DensityGrid {
  readonly down: number
  readonly across: number
  /** Weights of each cell, [down * across]. */
  readonly counts: Float64Array
  /** How many of them are kept. */
  readonly kept: Float64Array
}

/** Where the rows of a mask lie in a picture. */
export interface RowPlaces {
  /** Rows of the picture, an integer >= 1. */
  readonly rows: number
  /** The picture's row of a row of the mask, or -1: it is left out. */
  of(row: number): number
}

/**
 * Counts what a mask keeps in the cells of a grid. Of n lines in c cells, cell i has the lines from floor(i n / c) to floor((i + 1) n / c)
 * (exclusive).
 * @param down most cells from top to bottom, an integer >= 1; never more than there are rows
 * @param across most cells from left to right, an integer >= 1; never more than there are columns
 * @param places puts rows elsewhere; as they are by default
 */
export function densityGrid(
  { mask, rows, columns }: MaskMatrix,
  down: number,
  across: number,
  places: RowPlaces = { rows, of: (row) => row },
): DensityGrid {
  const [rowCells, columnCells] = [cellsOf(places.rows, down), cellsOf(columns, across)]
  const grid = { down: Math.min(down, places.rows), across: Math.min(across, columns) }
  const counts = new Float64Array(grid.down * grid.across)
  const kept = new Float64Array(counts.length)
  for (let row = 0; row < rows; row++) {
    const place = places.of(row)
    if (place < 0) continue
    const start = rowCells[place] * grid.across
    for (let column = 0; column < columns; column++) {
      const cell = start + columnCells[column]
      counts[cell]++
      kept[cell] += getBit(mask, row * columns + column)
    }
  }
  return { ...grid, counts, kept }
}

/** The cell of every line. */
function cellsOf(lines: number, most: number): Uint32Array {
  const cells = new Uint32Array(lines)
  const count = Math.min(most, lines)
  for (let cell = 0; cell < count; cell++) {
    cells.fill(cell, Math.floor((cell * lines) / count), Math.floor(((cell + 1) * lines) / count))
  }
  return cells
}
