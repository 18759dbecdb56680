import type { MatrixMemory } from './parameter-memory.js'

/**
 * Adds rows to the gradient of an embedding table: gradient[indices[r]] += rows[r], in the order of r, in float32. A table
 * that is also the output head already holds the head's gradient.
 *
 * @param table its gradient is float32 [height, width]
 * @param rows float32 [n, width], in the memory of the table's instance
 * @param indices int32 [n] in 0..height - 1, in the same memory
 * @throws RangeError for lengths that do not fit, arrays elsewhere, or an index outside (then nothing is added)
 */
export function addRows(table: MatrixMemory, rows: Float32Array, indices: Int32Array): void {
  const { kernels, gradient, count } = table
  const n = indices.length
  const width = rows.length / n
  if (!Number.isInteger(width) || count % width !== 0) {
    throw new RangeError(`"rows" expected ${n} rows that divide ${table.name} of ${count}, got ${rows.length} elements`)
  }
  if (rows.buffer !== gradient.buffer || indices.buffer !== gradient.buffer) {
    throw new RangeError(`"rows" and "indices" expected in the memory of ${table.name}, got other memory`)
  }
  const height = count / width
  const done = kernels.exports.addRows(gradient.byteOffset, height, width, rows.byteOffset, indices.byteOffset, n)
  if (done < n) {
    throw new RangeError(`"indices" expected integers from 0 to ${height - 1}, got ${indices[done]} at index ${done}`)
  }
}
