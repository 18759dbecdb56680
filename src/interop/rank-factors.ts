/** A product of two narrow matrices. */
export interface RankFactors {
  /** [rows, rank], orthonormal columns. */
  readonly left: Float64Array
  /** [rank, columns] */
  readonly right: Float64Array
}

/** Most steps of subspace iteration. What an error has beside the best falls by (s_{r+1} / s_r)^2 in each: few are needed. */
const ROUNDS = 24

/**
 * The best approximation of a matrix by one of lower rank in the sense of least squares (Eckart and Young 1936: its truncated
 * singular value decomposition), as left * right: an orthonormal basis of the leading left singular vectors, found by subspace
 * iteration from the largest columns, and the matrix in that basis.
 * @param matrix [rows, columns], row-major
 * @param rank 1 <= rank <= rows and columns
 */
export function rankFactors(matrix: Float64Array, rows: number, columns: number, rank: number): RankFactors {
  let basis = largestColumns(matrix, rows, columns, rank) // [rank, rows]: vectors as rows
  let right = project(matrix, rows, columns, basis)
  const whole = dot(matrix, matrix)
  for (let round = 0, before = dot(right, right); round < ROUNDS; round++) {
    basis = orthonormal(expand(matrix, rows, columns, right), rows)
    right = project(matrix, rows, columns, basis)
    const now = dot(right, right) // the squared error is what `whole` has more
    if (now - before <= 1e-10 * (whole - now) + 1e-15 * whole) break
    before = now
  }
  const left = new Float64Array(rows * rank)
  for (let r = 0; r < rank; r++) for (let i = 0; i < rows; i++) left[i * rank + r] = basis[r * rows + i]
  return { left, right }
}

/** basis matrix: [rank, rows] x [rows, columns] -> [rank, columns]. */
function project(matrix: Float64Array, rows: number, columns: number, basis: Float64Array): Float64Array {
  const rank = basis.length / rows
  const product = new Float64Array(rank * columns)
  for (let r = 0; r < rank; r++) {
    const sums = product.subarray(r * columns, (r + 1) * columns)
    for (let i = 0; i < rows; i++) {
      const factor = basis[r * rows + i]
      const row = matrix.subarray(i * columns, (i + 1) * columns)
      for (let c = 0; c < columns; c++) sums[c] += factor * row[c]
    }
  }
  return product
}

/** matrix right', as rows: [rank, columns] -> [rank, rows]. */
function expand(matrix: Float64Array, rows: number, columns: number, right: Float64Array): Float64Array {
  const rank = right.length / columns
  const vectors = new Float64Array(rank * rows)
  for (let r = 0; r < rank; r++) {
    const one = right.subarray(r * columns, (r + 1) * columns)
    for (let i = 0; i < rows; i++) vectors[r * rows + i] = dot(matrix.subarray(i * columns, (i + 1) * columns), one)
  }
  return vectors
}

/** Gram-Schmidt, each vector twice; what depends on those before becomes zero. */
function orthonormal(vectors: Float64Array, length: number): Float64Array {
  for (let r = 0; r < vectors.length / length; r++) normalise(vectors, length, r)
  return vectors
}

function normalise(vectors: Float64Array, length: number, r: number): void {
  const own = vectors.subarray(r * length, (r + 1) * length)
  const before = Math.sqrt(dot(own, own))
  for (let pass = 0; pass < 2; pass++) {
    for (let other = 0; other < r; other++) {
      const one = vectors.subarray(other * length, (other + 1) * length)
      const along = dot(own, one)
      for (let i = 0; i < length; i++) own[i] -= along * one[i]
    }
  }
  const after = Math.sqrt(dot(own, own))
  const factor = after > 1e-14 * before ? 1 / after : 0
  for (let i = 0; i < length; i++) own[i] *= factor
}

/** The columns that stand out most from those chosen before (a QR factorisation with column pivoting), orthonormal. */
function largestColumns(matrix: Float64Array, rows: number, columns: number, rank: number): Float64Array {
  const rest = matrix.slice()
  const basis = new Float64Array(rank * rows)
  for (let r = 0; r < rank; r++) {
    const sizes = new Float64Array(columns)
    for (let i = 0; i < rows; i++) {
      const row = rest.subarray(i * columns, (i + 1) * columns)
      for (let c = 0; c < columns; c++) sizes[c] += row[c] * row[c]
    }
    const largest = sizes.indexOf(sizes.reduce((most, size) => Math.max(most, size), 0))
    const own = basis.subarray(r * rows, (r + 1) * rows)
    for (let i = 0; i < rows; i++) own[i] = rest[i * columns + largest]
    normalise(basis, rows, r)
    const along = project(rest, rows, columns, own)
    for (let i = 0; i < rows; i++) for (let c = 0; c < columns; c++) rest[i * columns + c] -= own[i] * along[c]
  }
  return basis
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
