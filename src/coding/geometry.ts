/**
 * How a mask is cut up before it is coded. The bits, in row-major order, are lines of `width` bits (the columns of the matrix,
 * at most 65,536); whole lines make chunks, each coded by itself so that threads can share a matrix; a line is read in
 * groups of eight bits.
 */

/** Most bits of a line, and most lines of a chunk. */
export const LINE_LIMIT = 2 ** 16

/** Most bits of a chunk whose lines are no longer than that. */
export const CHUNK_LIMIT = 2 ** 21

/** Bits that are predicted together. */
export const GROUP = 8

/** The cutting of one mask. */
export interface MaskGeometry {
  /** Bits in all, an integer >= 1. */
  readonly count: number
  /** Bits of a line, 1 to 65,536; the last line may be shorter. */
  readonly width: number
  /** Lines of a chunk; the last chunk may have fewer. */
  readonly linesPerChunk: number
  readonly chunks: number
}

/** One chunk: bits `start`..`start + count - 1` of the mask. */
export interface ChunkRange {
  readonly start: number
  readonly count: number
}

/**
 * @param count bits of the mask, an integer from 1 to 2^30
 * @param columns of the matrix, an integer >= 1
 * @throws RangeError naming what is out of range
 */
export function maskGeometry(count: number, columns: number): MaskGeometry {
  if (!Number.isSafeInteger(count) || count < 1 || count > 2 ** 30) {
    throw new RangeError(`"count" expected an integer from 1 to 2^30, got ${count}`)
  }
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new RangeError(`"columns" expected an integer >= 1, got ${columns}`)
  }
  const width = Math.min(columns, LINE_LIMIT)
  const linesPerChunk = Math.min(LINE_LIMIT, Math.floor(CHUNK_LIMIT / width))
  return { count, width, linesPerChunk, chunks: Math.ceil(count / (linesPerChunk * width)) }
}

/** Which bits chunk `index` holds. */
export function chunkRange({ count, width, linesPerChunk }: MaskGeometry, index: number): ChunkRange {
  const start = index * linesPerChunk * width
  return { start, count: Math.min(linesPerChunk * width, count - start) }
}
