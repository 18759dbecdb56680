import { expect, test } from 'vitest'
import { renderSweep } from '../../src/experiments/sweep-figure.js'
import { sweepCaption, sweepLines } from '../../src/experiments/sweep-lines.js'
import { sweepRows } from '../../src/experiments/sweep-table.js'

/** Runs of every width and method, the widths not in order, with two seeds of the first method. */
const rowsOf = (widths: readonly string[], methods: readonly string[]) =>
  sweepRows(
    widths.flatMap((width) =>
      methods.flatMap((method, m) =>
        (m === 0 ? ['0', '1'] : ['0']).map((seed) => ({
          varied: { method, width, seed },
          numbers: { loss: Number(width) + Number(seed) + 10 * m },
        })),
      ),
    ),
  )

test('a figure goes along the option with the most values, with a line for each setting of the others', () => {
  const rows = rowsOf(['8', '2', '4'], ['a', 'b'])
  const found = sweepLines(rows, 'loss')
  expect(found).toMatchObject({ across: 'width', values: ['8', '2', '4'], isNumeric: true, isWide: false })
  expect(found?.lines.map(({ label, points }) => [label, points.map(({ x, mean }) => [x, mean])])).toEqual([
    [
      'method a',
      [
        [2, 2.5],
        [4, 4.5],
        [8, 8.5],
      ],
    ],
    [
      'method b',
      [
        [2, 12],
        [4, 14],
        [8, 18],
      ],
    ],
  ])
  expect(sweepCaption(rows, 'loss')).toBe('Means of 1 to 2 runs a setting; bars are one standard deviation.')
})

test('words stay in their order; numbers from 1 to 30 stand on a log axis', () => {
  const words = sweepLines(rowsOf(['1'], ['b', 'a']), 'loss')
  expect(words).toMatchObject({ across: 'method', values: ['b', 'a'], isNumeric: false, isWide: false })
  expect(words?.lines[0].points.map(({ x }) => x)).toEqual(['b', 'a'])
  expect(sweepLines(rowsOf(['1', '30'], ['a']), 'loss')?.isWide).toBe(true)
  expect(sweepLines(rowsOf(['0', '30'], ['a']), 'loss')?.isWide).toBe(false)
})

test('there is no figure of one setting, of a number that no run has, or of more than 20 lines', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)
  const widths = (count: number) => names(count).map((_, i) => String(i))
  expect(sweepLines(rowsOf(['1'], ['a']), 'loss')).toBeUndefined()
  expect(sweepLines(rowsOf(['1', '2'], ['a']), 'other')).toBeUndefined()
  expect(sweepLines(rowsOf(widths(22), names(20)), 'loss')?.lines).toHaveLength(20)
  expect(sweepLines(rowsOf(widths(22), names(21)), 'loss')).toBeUndefined()
  expect(renderSweep(rowsOf(widths(22), names(21)), 'loss', 'title')).toBeUndefined()
})
