/**
 * The s of least |W' s - b|, by conjugate gradients on the normal equations W W' s = W b.
 * @param matrix W, [rows, columns], row-major
 * @param target b, [columns]
 * @returns s, [rows]; of several, the shortest
 */
export function leastSquares(matrix: Float64Array, rows: number, columns: number, target: Float64Array): Float64Array {
  const row = (r: number) => matrix.subarray(r * columns, (r + 1) * columns)
  const expanded = (s: Float64Array): Float64Array => {
    const sum = new Float64Array(columns)
    for (let r = 0; r < rows; r++) for (const [c, value] of row(r).entries()) sum[c] += s[r] * value
    return sum
  }
  const projected = (b: Float64Array) => Float64Array.from({ length: rows }, (_, r) => dot(row(r), b))
  const s = new Float64Array(rows)
  const rest = target.slice() // b - W' s
  let gradient = projected(rest)
  let direction = gradient.slice()
  const start = dot(gradient, gradient)
  for (let round = 0, size = start; round < 2 * rows && size > 1e-28 * start; round++) {
    const image = expanded(direction)
    const step = size / dot(image, image)
    for (let r = 0; r < rows; r++) s[r] += step * direction[r]
    for (let c = 0; c < columns; c++) rest[c] -= step * image[c]
    gradient = projected(rest)
    const now = dot(gradient, gradient)
    direction = gradient.map((value, r) => value + (now / size) * direction[r])
    size = now
  }
  return s
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
