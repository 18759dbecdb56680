import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitEntropy, chanceVariance, keptLines, lineSpread } from '../../src/inspect/index.js'
import { countOnes, packBits } from '../../src/mask/index.js'

const maskOf = (rows: readonly string[]) => {
  const flags = [...rows.join('')].map(Number)
  return { mask: packBits(flags), rows: rows.length, columns: rows[0].length }
}

test('rows and columns of a small mask', () => {
  const matrix = maskOf(['1101', '0000', '1100'])
  const { rows, columns } = keptLines(matrix)
  expect([[...rows], [...columns]]).toEqual([
    [3, 0, 2],
    [2, 2, 0, 1],
  ])
  // counts 3, 0, 2 of 4: mean 5/3, variance 14/9; by chance 4 p (1 - p) (12 - 4) / (12 - 1) with p = 5/12
  const chance = (4 * (5 / 12) * (7 / 12) * 8) / 11
  const spread = lineSpread(rows, 4)
  expect(spread).toMatchObject({ lines: 3, least: 0, median: 0.5, most: 0.75, empty: 1, full: 0 })
  expect(spread.dispersion).toBeCloseTo(14 / 9 / chance, 12)
  expect(lineSpread(columns, 3)).toMatchObject({ median: 0.5, empty: 1 })
  expect(lineSpread(Uint32Array.of(2, 1), 2)).toMatchObject({ full: 1, empty: 0 })
})

test('the dispersion of all masks of a size with a given number of ones is 1 on average', () => {
  for (const [rows, columns] of [
    [3, 4],
    [4, 2],
  ]) {
    const sums = new Map<number, { count: number; rows: number; columns: number }>()
    for (let bits = 0; bits < 2 ** (rows * columns); bits++) {
      const mask = Uint8Array.of(bits & 255, bits >>> 8)
      const lines = keptLines({ mask, rows, columns })
      const found = [lineSpread(lines.rows, columns).dispersion, lineSpread(lines.columns, rows).dispersion]
      const ones = countOnes(mask)
      if (ones === 0 || ones === rows * columns) {
        expect(found).toEqual([null, null])
        continue
      }
      const sum = sums.get(ones) ?? { count: 0, rows: 0, columns: 0 }
      sums.set(ones, { count: sum.count + 1, rows: sum.rows + found[0]!, columns: sum.columns + found[1]! })
    }
    expect(sums.size).toBe(rows * columns - 1)
    for (const sum of sums.values()) {
      expect(sum.rows / sum.count).toBeCloseTo(1, 10)
      expect(sum.columns / sum.count).toBeCloseTo(1, 10)
    }
  }
})

test('chance leaves one line alone no variance, nor all weights drawn', () => {
  expect(lineSpread(Uint32Array.of(3), 8).dispersion).toBeNull()
  expect(chanceVariance(3, 8, 8)).toBe(0)
  expect(chanceVariance(1, 1, 1)).toBe(0)
  expect(chanceVariance(3, 10, 1)).toBeCloseTo(0.21, 12)
})

test('every one is counted once in the rows and once in the columns', () => {
  const matrices = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })).chain(([rows, columns]) =>
    fc.array(fc.integer({ min: 0, max: 1 }), { minLength: rows * columns, maxLength: rows * columns }).map((flags) => {
      return { mask: packBits(flags), rows, columns }
    }),
  )
  fc.assert(
    fc.property(matrices, (matrix) => {
      const lines = keptLines(matrix)
      const ones = countOnes(matrix.mask)
      expect([lines.rows, lines.columns].map((kept) => kept.reduce((sum, one) => sum + one, 0))).toEqual([ones, ones])
    }),
  )
})

test('the entropy of a bit', () => {
  expect(bitEntropy(0.5)).toBe(1)
  expect(bitEntropy(0.3)).toBeCloseTo(0.8812908992, 9) // scipy.stats.entropy([0.3, 0.7], base=2)
  expect([bitEntropy(0), bitEntropy(1)]).toEqual([0, 0])
})
