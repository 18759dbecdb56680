/** The little dense algebra the float64 models need; matrices are row-major Float64Array. */

/** Throws RangeError unless `values` holds rows x columns numbers. */
export function checkMatrix(name: string, values: ArrayLike<number>, rows: number, columns: number): void {
  if (values.length !== rows * columns)
    throw new RangeError(`"${name}" expected ${rows} x ${columns} values, got ${values.length}`)
}

/**
 * a b, sums in index order of the inner dimension, starting at 0.
 *
 * @param a [rows, inner]
 * @param b [inner, columns]
 * @returns [rows, columns]
 */
export function multiply(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  checkMatrix('a', a, rows, inner)
  checkMatrix('b', b, inner, columns)
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) {
      const value = a[i * inner + k]
      for (let j = 0; j < columns; j++) out[i * columns + j] += value * b[k * columns + j]
    }
  return out
}

/** The transpose, [columns, rows], of a [rows, columns] matrix. */
export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  checkMatrix('a', a, rows, columns)
  const out = new Float64Array(a.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j]
  return out
}

/** Columns `from`..`from + count - 1` of a [rows, columns] matrix, [rows, count]. */
export function takeColumns(a: Float64Array, rows: number, from: number, count: number): Float64Array {
  const columns = rows === 0 ? 0 : a.length / rows
  const out = new Float64Array(rows * count)
  for (let row = 0; row < rows; row++)
    out.set(a.subarray(row * columns + from, row * columns + from + count), row * count)
  return out
}

/** Writes `values` [rows, count] into columns `from`..`from + count - 1` of `a` [rows, columns]. */
export function putColumns(a: Float64Array, rows: number, from: number, values: Float64Array): void {
  if (rows === 0) return
  const [columns, count] = [a.length / rows, values.length / rows]
  for (let row = 0; row < rows; row++) a.set(values.subarray(row * count, (row + 1) * count), row * columns + from)
}

/** Matrices of equal shape [rows, width] side by side, [rows, blocks x width]. */
export function sideBySide(blocks: readonly Float64Array[], rows: number, width: number): Float64Array {
  const out = new Float64Array(rows * width * blocks.length)
  blocks.forEach((block, b) => {
    checkMatrix(`blocks[${b}]`, block, rows, width)
    putColumns(out, rows, b * width, block)
  })
  return out
}

/**
 * Largest singular value, by power iteration on a'a from the row of largest norm; relative accuracy about 1e-9 unless
 * the two largest singular values nearly agree (then the value is still right to that accuracy, the vector is not).
 *
 * @param a [rows, columns]
 */
export function spectralNorm(a: Float64Array, rows: number, columns: number): number {
  checkMatrix('a', a, rows, columns)
  let vector = new Float64Array(columns)
  let best = 0
  for (let i = 0; i < rows; i++) {
    const row = a.subarray(i * columns, (i + 1) * columns)
    const norm = Math.hypot(...row)
    if (norm > best) {
      best = norm
      vector = Float64Array.from(row, (value) => value / norm)
    }
  }
  if (best === 0) return 0
  let norm = best
  for (let step = 0; step < 1000; step++) {
    const image = multiply(a, vector, rows, columns, 1)
    const next = multiply(transpose(a, rows, columns), image, columns, rows, 1)
    const length = Math.hypot(...next)
    const estimate = Math.sqrt(length)
    for (let j = 0; j < columns; j++) vector[j] = next[j] / length
    if (Math.abs(estimate - norm) <= 1e-13 * norm) return estimate
    norm = estimate
  }
  return norm
}
