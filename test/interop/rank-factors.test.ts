import { expect, test } from 'vitest'
import { rankFactors } from '../../src/interop/rank-factors.js'
import { generateWeights } from '../../src/random/index.js'

const normal = (stream: number, count: number) =>
  Float64Array.from(generateWeights({ seed: 9, stream, init: { kind: 'normal', std: 1 }, count }))

function product(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const [rows, columns] = [a.length / inner, b.length / inner]
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns]
    let sum = 0
    for (let k = 0; k < inner; k++) sum += a[i * inner + k] * b[k * columns + j]
    return sum
  })
}

/** Eigenvalues of A' A by Jacobi's rotations: the squares of the singular values. */
function squaredSingularValues(matrix: Float64Array, rows: number, columns: number): number[] {
  const transposed = Float64Array.from(
    { length: rows * columns },
    (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)],
  )
  const s = product(transposed, matrix, rows)
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < columns; p++) {
      for (let q = p + 1; q < columns; q++) {
        const angle = 0.5 * Math.atan2(2 * s[p * columns + q], s[q * columns + q] - s[p * columns + p])
        const [c, n] = [Math.cos(angle), Math.sin(angle)]
        for (let k = 0; k < columns; k++) {
          const [a, b] = [s[k * columns + p], s[k * columns + q]]
          s[k * columns + p] = c * a - n * b
          s[k * columns + q] = n * a + c * b
        }
        for (let k = 0; k < columns; k++) {
          const [a, b] = [s[p * columns + k], s[q * columns + k]]
          s[p * columns + k] = c * a - n * b
          s[q * columns + k] = n * a + c * b
        }
      }
    }
  }
  return Array.from({ length: columns }, (_, i) => s[i * columns + i]).sort((a, b) => b - a)
}

const squares = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)

test('the error is that of the truncated singular value decomposition', () => {
  const [rows, columns, rank] = [13, 12, 4]
  const noise = normal(3, rows * columns)
  const low = product(normal(1, rows * rank), normal(2, rank * columns), rank)
  const matrix = low.map((value, i) => value + 0.05 * noise[i])
  const { left, right } = rankFactors(matrix, rows, columns, rank)
  const best = squaredSingularValues(matrix, rows, columns)
    .slice(rank)
    .reduce((sum, value) => sum + value, 0)
  expect(best).toBeGreaterThan(0.01)
  expect(squares(product(left, right, rank), matrix) / best).toBeCloseTo(1, 9)
})

test('a matrix of lower rank than asked for is met', () => {
  const matrix = product(normal(1, 9 * 2), normal(2, 2 * 7), 2)
  const { left, right } = rankFactors(matrix, 9, 7, 5)
  expect(squares(product(left, right, 5), matrix)).toBeLessThan(1e-20)
  const nothing = rankFactors(new Float64Array(12), 4, 3, 2)
  expect([...nothing.left, ...nothing.right].every((value) => value === 0)).toBe(true)
})
