import { expect, test } from 'vitest'
import { sweepCsv, sweepMarkdown, sweepRows } from '../../src/experiments/sweep-table.js'

const point = (keep: string, seed: string, loss: number) => ({ varied: { keep, seed }, numbers: { loss } })

test('seeds of a setting are one row: mean, deviation, and an interval from three on', () => {
  const rows = sweepRows([point('0.1', '0', 1), point('0.3', '0', 4), point('0.1', '1', 2), point('0.1', '2', 3)])
  expect(rows.map(({ setting, count }) => [setting, count])).toEqual([
    [{ keep: '0.1' }, 3],
    [{ keep: '0.3' }, 1],
  ])
  const [many, one] = rows.map(({ numbers }) => numbers.loss)
  expect([many.mean, many.deviation]).toEqual([2, 1])
  expect(many.high! - 2).toBeCloseTo(4.303 / Math.sqrt(3), 6) // Student's t with 2 degrees of freedom
  expect([one.mean, one.deviation, one.low, one.high]).toEqual([4, null, null, null])
})

test('equal values have no deviation, whatever their mean is rounded to', () => {
  const [row] = sweepRows(['0', '1', '2'].map((seed) => point('0.1', seed, 0.1)))
  expect(row.numbers.loss.deviation).toBe(0)
})

test('CSV quotes what needs it; Markdown escapes bars', () => {
  const rows = sweepRows([point('a,"b"', '0', 1), point('c|d', '0', 2)])
  expect(sweepCsv(rows).split('\r\n').slice(0, 2)).toEqual([
    'keep,runs,loss,loss deviation,loss low,loss high',
    '"a,""b""",1,1,,,',
  ])
  expect(sweepMarkdown(rows)).toContain('| c\\|d | 1 | 2 |')
})
