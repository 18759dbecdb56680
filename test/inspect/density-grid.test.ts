import { expect, test } from 'vitest'
import { densityGrid } from '../../src/inspect/density-grid.js'
import { packBits } from '../../src/mask/index.js'

/** 5 x 3: rows 0 and 3 are kept, and the last weight of row 4. */
const matrix = { mask: packBits([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1]), rows: 5, columns: 3 }

test('lines fall into cells that differ by one line at most', () => {
  const grid = densityGrid(matrix, 2, 2) // rows 0-1 and 2-4, columns 0 and 1-2
  expect(grid).toMatchObject({ down: 2, across: 2 })
  expect([...grid.counts]).toEqual([2, 4, 3, 6])
  expect([...grid.kept]).toEqual([1, 2, 1, 3])
})

test('there are no more cells than lines', () => {
  const grid = densityGrid(matrix, 100, 100)
  expect([grid.down, grid.across]).toEqual([5, 3])
  expect([...grid.counts]).toEqual(Array(15).fill(1))
  expect([...grid.kept]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1])
})

test('rows can be put elsewhere, several to one place, or be left out', () => {
  const places = [1, 1, -1, 0, 1]
  const grid = densityGrid(matrix, 9, 1, { rows: 3, of: (row) => places[row] })
  expect(grid).toMatchObject({ down: 3, across: 1 })
  expect([...grid.counts]).toEqual([3, 9, 0])
  expect([...grid.kept]).toEqual([3, 4, 0])
})
