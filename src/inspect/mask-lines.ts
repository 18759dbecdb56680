/** Rows and columns of a mask: how many weights each keeps, and how far that is from chance. */
import { getBit } from '../mask/index.js'

/** A mask as a matrix. */
export interface MaskMatrix {
  /** Packed bits [rows * columns], least significant first, row-major. */
  readonly mask: Uint8Array
  /** Integer >= 1. */
  readonly rows: number
  /** Integer >= 1. */
  readonly columns: number
}

/** Kept fractions of the lines (rows or columns) of a mask. */
export interface LineSpread {
  /** How many lines there are. */
  readonly lines: number
  /** Least, median and greatest kept fraction of a line, 0 to 1. */
  readonly least: number
  readonly median: number
  readonly most: number
  /** Lines that keep nothing, and lines that keep everything. */
  readonly empty: number
  readonly full: number
  /**
   * Variance of the lines' kept counts over what a random mask with as many ones would have; its mean over such masks is
   * exactly 1, its standard deviation about sqrt(2 / (lines - 1)). Null where chance leaves no variance: one line alone, or
   * a mask that keeps nothing or everything.
   */
  readonly dispersion: number | null
}

/** Weights kept in every row, uint32 [rows], and in every column, uint32 [columns]. */
export function keptLines({ mask, rows, columns }: MaskMatrix): { rows: Uint32Array; columns: Uint32Array } {
  const ofRows = new Uint32Array(rows)
  const ofColumns = new Uint32Array(columns)
  for (let row = 0, i = 0; row < rows; row++) {
    let kept = 0
    for (let column = 0; column < columns; column++, i++) {
      const bit = getBit(mask, i)
      kept += bit
      ofColumns[column] += bit
    }
    ofRows[row] = kept
  }
  return { rows: ofRows, columns: ofColumns }
}

/**
 * The spread of a mask's lines.
 * @param kept weights kept in every line, at least one line
 * @param length weights of a line, an integer >= 1
 */
export function lineSpread(kept: Uint32Array, length: number): LineSpread {
  const sorted = Uint32Array.from(kept).sort()
  const lines = sorted.length
  const median = (sorted[(lines - 1) >> 1] + sorted[lines >> 1]) / 2
  const total = sorted.reduce((sum, one) => sum + one, 0)
  const mean = total / lines
  const variance = sorted.reduce((sum, one) => sum + (one - mean) ** 2, 0) / lines
  const chance = length ** 2 * chanceVariance(total, lines * length, length)
  return {
    lines,
    least: sorted[0] / length,
    median: median / length,
    most: sorted[lines - 1] / length,
    empty: sorted.reduce((empty, one) => empty + (one === 0 ? 1 : 0), 0),
    full: sorted.reduce((full, one) => full + (one === length ? 1 : 0), 0),
    dispersion: chance > 0 ? variance / chance : null,
  }
}

/**
 * Variance of the kept fraction of `drawn` weights of a random mask with `ones` ones among `count` weights: p (1 - p) / m times
 * (N - m) / (N - 1), that of the hypergeometric distribution, for the number of ones is given.
 */
export function chanceVariance(ones: number, count: number, drawn: number): number {
  if (count < 2 || drawn < 1) return 0
  const p = ones / count
  return ((p * (1 - p)) / drawn) * ((count - drawn) / (count - 1))
}

/** Entropy in bits of a bit that is one with probability p, 0 <= p <= 1. */
export function bitEntropy(p: number): number {
  return p > 0 && p < 1 ? -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p)) : 0
}
