import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { allocateParameters, writeIntegerWeights } from '../../src/kernels/index.js'
import { randomFrom } from '../search/ticket-fixture.js'

async function allocate(rows: number, columns: number) {
  const count = rows * columns
  const memory = await allocateParameters(
    loadKernels,
    [{ name: 'w', count, kind: 'dense' }],
    ['codes', 'transposed'].map((name) => ({ name, dtype: 'int8' as const, count })),
  )
  return { matrix: memory.matrix('w'), codes: memory.bytes('codes'), transposed: memory.bytes('transposed') }
}

/** Ties to even, in float32. */
function nearest(value: number): number {
  const below = Math.floor(value)
  const over = value - below
  return over > 0.5 || (over === 0.5 && below % 2 !== 0) ? below + 1 : below
}

describe('weights as integers', () => {
  it.each([
    [1, 1],
    [16, 16],
    [17, 3],
    [5, 40],
    [33, 47],
    [64, 128],
  ])('[%i,%i]: codes, their transpose and the scale are those of plain TypeScript', async (rows, columns) => {
    const { matrix, codes, transposed } = await allocate(rows, columns)
    const random = randomFrom(rows * 100 + columns)
    matrix.effective.set(matrix.effective.map(() => (random() < 0.3 ? 0 : random() - 0.5)))
    const scale = writeIntegerWeights(matrix, [rows, columns], { codes, transposed }, 127)
    const largest = matrix.effective.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(scale).toBe(Math.fround(largest / 127) || 1)
    const inverse = Math.fround(1 / scale)
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const i = r * columns + c
        expect(codes[i]).toBe(nearest(Math.fround(matrix.effective[i] * inverse)) + 0)
        expect(transposed[c * rows + r]).toBe(codes[i])
      }
    }
  })

  it.each([0.1, 0.03125, 1 / 3, 5.9e-8, 3e38])('signed constants of magnitude %f are held exactly', async (value) => {
    const { matrix, codes, transposed } = await allocate(20, 36)
    const magnitude = Math.fround(value)
    const signs = Int8Array.from({ length: 720 }, (_, i) => ((i * 7) % 3) - 1)
    matrix.effective.set(Float32Array.from(signs, (sign) => sign * magnitude))
    expect(writeIntegerWeights(matrix, [20, 36], { codes, transposed }, 1)).toBe(magnitude)
    expect(codes).toEqual(signs)
  })

  it('integers times a known unit are held exactly, whether or not the largest is among them', async () => {
    for (const value of [0.1, 1 / 3, 0.7e-5]) {
      const { matrix, codes, transposed } = await allocate(20, 36)
      const unit = Math.fround(value)
      const factors = Int8Array.from({ length: 720 }, (_, i) => ((i * 7) % 15) - 7)
      matrix.effective.set(Float32Array.from(factors, (factor) => factor * unit))
      expect(writeIntegerWeights(matrix, [20, 36], { codes, transposed }, 127, unit)).toBe(unit)
      expect(codes).toEqual(factors)
      expect(transposed[20]).toBe(factors[1])
    }
    const { matrix, codes, transposed } = await allocate(1, 1)
    expect(() => writeIntegerWeights(matrix, [1, 1], { codes, transposed }, 127, 0)).toThrow(
      new RangeError('"unit" of w expected a finite number > 0, got 0'),
    )
  })

  it('weights too small for a normal scale become multiples of 2^-126, none a code beyond its range', async () => {
    const { matrix, codes, transposed } = await allocate(2, 4)
    matrix.effective.set([1e-40, -1e-40, 0, 2 ** -126, -(2 ** -126), 3e-39, 0, 1e-45])
    expect(writeIntegerWeights(matrix, [2, 4], { codes, transposed }, 127)).toBe(2 ** -126)
    expect(Array.from(codes, (code) => code + 0)).toEqual([0, 0, 0, 1, -1, 0, 0, 0])
  })

  it('a matrix that keeps nothing has codes 0 and a scale above 0; one with NaN or infinity has no finite scale', async () => {
    const { matrix, codes, transposed } = await allocate(3, 5)
    codes.fill(1)
    expect(writeIntegerWeights(matrix, [3, 5], { codes, transposed }, 1)).toBe(1)
    expect(codes.every((code) => code === 0)).toBe(true)
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const place of [2, 14]) {
        matrix.effective.fill(0)
        matrix.effective[place] = bad
        expect(Number.isFinite(writeIntegerWeights(matrix, [3, 5], { codes, transposed }, 127))).toBe(false)
      }
    }
  })

  it.each([1e-45, 1e-40, 1e-38])(
    'weights of %f are not made larger, and their scale is a normal number',
    async (value) => {
      const { matrix, codes, transposed } = await allocate(17, 19)
      for (const levels of [1, 127]) {
        matrix.effective.fill(value)
        const scale = writeIntegerWeights(matrix, [17, 19], { codes, transposed }, levels)
        expect(scale).toBeGreaterThanOrEqual(2 ** -126)
        for (const code of codes) expect(Math.abs(code * scale - value)).toBeLessThanOrEqual(scale / 2)
      }
    },
  )

  it('says what does not fit', async () => {
    const { matrix, codes, transposed } = await allocate(3, 5)
    const write = (shape: [number, number], levels: number, into = { codes, transposed }) =>
      writeIntegerWeights(matrix, shape, into, levels)
    expect(() => write([3, 5], 128)).toThrow('"levels" expected an integer from 1 to 127, got 128')
    expect(() => write([3, 4], 1)).toThrow('"shape" of w expected 15 weights, got 12')
    expect(() => write([3, 5], 1, { codes, transposed: codes.slice() })).toThrow('in the memory of w')
  })
})
