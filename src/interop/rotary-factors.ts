/** Queries and keys of one frequency of rotary heads that share a key: each a first and a second half. */
export interface RotaryFactors {
  /** Two vectors [rows]. */
  readonly query: readonly [Float64Array, Float64Array]
  /** Two vectors [columns]. */
  readonly key: readonly [Float64Array, Float64Array]
}

/** Most steps of the iteration. What an error has beside the best falls by (s_2 / s_1)^2 in each. */
const ROUNDS = 100

/**
 * The rotary pairs that come closest to given matrices. A query (a, b) and a key (a, b) of an angle apart have the score cos x A y + sin x B y with
 * A = q_a k_a' + q_b k_b' and B = q_a k_b' - q_b k_a'. So A + i B = (q_a - i q_b)(k_a + i k_b)', a complex matrix of rank 1. The closest one of
 * A + i B in the sense of least squares is its leading singular triplet (Eckart and Young 1936), found by power iteration from its largest row.
 * @param matrix [rows, 2 columns], row-major: [A | B]
 */
export function rotaryFactors(matrix: Float64Array, rows: number, columns: number): RotaryFactors {
  const start = largestRow(matrix, rows, columns)
  let [ka, kb] = [start.subarray(0, columns), start.subarray(columns)]
  let [qa, qb] = [new Float64Array(rows), new Float64Array(rows)]
  for (let round = 0, before = 0; round < ROUNDS; round++) {
    const length = Math.hypot(norm(ka), norm(kb))
    if (length === 0) break
    ;[ka, kb] = [ka, kb].map((half) => half.map((value) => value / length))
    ;[qa, qb] = queriesOf(matrix, rows, columns, ka, kb)
    const size = Math.hypot(norm(qa), norm(qb))
    if (size - before <= 1e-15 * size) break
    before = size
    ;[ka, kb] = keysOf(matrix, rows, columns, qa, qb)
  }
  // Of the same length, so that float32 rounds both alike.
  const balance = Math.sqrt(Math.hypot(norm(qa), norm(qb)) || 1)
  const times = (values: Float64Array, factor: number) => values.map((value) => value * factor)
  return {
    query: [times(qa, 1 / balance), times(qb, 1 / balance)],
    key: [times(ka, balance), times(kb, balance)],
  }
}

/** (A + i B) conj(k) = q_a - i q_b, for a key of length 1. */
function queriesOf(matrix: Float64Array, rows: number, columns: number, ka: Float64Array, kb: Float64Array) {
  const [qa, qb] = [new Float64Array(rows), new Float64Array(rows)]
  for (let r = 0; r < rows; r++) {
    const [a, b] = halves(matrix, r, columns)
    for (let c = 0; c < columns; c++) {
      qa[r] += a[c] * ka[c] + b[c] * kb[c]
      qb[r] += a[c] * kb[c] - b[c] * ka[c]
    }
  }
  return [qa, qb]
}

/** (A + i B)' conj(q_a - i q_b) = k_a + i k_b, times the square of the query's length. */
function keysOf(matrix: Float64Array, rows: number, columns: number, qa: Float64Array, qb: Float64Array) {
  const [ka, kb] = [new Float64Array(columns), new Float64Array(columns)]
  for (let r = 0; r < rows; r++) {
    const [a, b] = halves(matrix, r, columns)
    for (let c = 0; c < columns; c++) {
      ka[c] += a[c] * qa[r] - b[c] * qb[r]
      kb[c] += b[c] * qa[r] + a[c] * qb[r]
    }
  }
  return [ka, kb]
}

const halves = (matrix: Float64Array, row: number, columns: number) => [
  matrix.subarray(row * 2 * columns, (row * 2 + 1) * columns),
  matrix.subarray((row * 2 + 1) * columns, (row * 2 + 2) * columns),
]

const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

function largestRow(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const all = Array.from({ length: rows }, (_, r) => matrix.subarray(r * 2 * columns, (r + 1) * 2 * columns))
  return all.reduce((most, row) => (norm(row) > norm(most) ? row : most))
}
