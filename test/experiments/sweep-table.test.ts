import { describe, expect, test } from 'vitest'
import { bestSetting, type SweepPoint, sweepRows } from '../../src/experiments/sweep-rows.js'
import { runsCsv } from '../../src/experiments/sweep-runs.js'
import { sweepColumns, sweepCsv, sweepMarkdown } from '../../src/experiments/sweep-table.js'

const point = (keep: string, seed: string, loss: number) => ({ varied: { keep, seed }, numbers: { loss } })
const failed = (keep: string, seed: string): SweepPoint => ({ varied: { keep, seed }, status: 'failed' })
/** Three seeds about a mean, whose standard deviation is `by`. */
const three = (keep: string, mean: number, by: number, name = 'loss') =>
  [-by, 0, by].map((d, seed) => ({ varied: { keep, seed: String(seed) }, numbers: { [name]: mean + d } }))

describe('rows', () => {
  test('seeds of a setting are one: mean, deviation, and an interval from three on', () => {
    const rows = sweepRows([point('0.1', '0', 1), point('0.3', '0', 4), point('0.1', '1', 2), point('0.1', '2', 3)])
    expect(rows.map(({ setting, count }) => [setting, count])).toEqual([
      [{ keep: '0.1' }, 3],
      [{ keep: '0.3' }, 1],
    ])
    const [many, one] = rows.map(({ numbers }) => numbers.loss)
    expect([many.mean, many.deviation]).toEqual([2, 1])
    expect([one.mean, one.deviation, one.ci95]).toEqual([4, null, null])
  })

  test('the interval is Student’s, cut at the bounds of the measure', () => {
    const half = 4.303 / Math.sqrt(3) // two degrees of freedom
    const ci95 = (mean: number, by: number, name: string) =>
      sweepRows(three('1', mean, by, name))[0].numbers[name].ci95!
    expect(ci95(5, 1, 'loss')[0]).toBeCloseTo(5 - half, 6)
    expect(ci95(5, 1, 'loss')[1]).toBeCloseTo(5 + half, 6)
    expect(ci95(0.9, 0.1, 'accuracy')[1]).toBe(1)
    expect(ci95(0.1, 0.1, 'keptFraction')[0]).toBe(0)
    expect(ci95(0.1, 0.1, 'of no bounds')[0]).toBeLessThan(0)
  })

  test('equal values have no deviation, whatever their mean is rounded to', () => {
    const [row] = sweepRows(['0', '1', '2'].map((seed) => point('0.1', seed, 0.1)))
    expect(row.numbers.loss.deviation).toBe(0)
  })

  test('count failed runs, also of settings that have nothing else; runs that wait are in no row', () => {
    const waiting: SweepPoint = { varied: { keep: '0.7', seed: '0' }, status: 'waiting' }
    const rows = sweepRows([point('0.1', '0', 1), failed('0.1', '1'), failed('0.3', '0'), waiting])
    expect(rows.map(({ setting, count, failed: lost }) => [setting.keep, count, lost])).toEqual([
      ['0.1', 1, 1],
      ['0.3', 0, 1],
    ])
  })
})

describe('the best setting', () => {
  test('is the lowest loss, or the highest accuracy, whose interval meets no other’s', () => {
    const rows = sweepRows([...three('0.1', 5, 0.1), ...three('0.3', 2, 0.1), ...three('0.5', 3, 0.1)])
    expect(bestSetting(rows, 'loss')).toEqual({ row: 1, text: 'lowest loss' })
    const right = [...three('0.1', 0.2, 0.01, 'accuracy'), ...three('0.3', 0.5, 0.01, 'accuracy')]
    expect(bestSetting(sweepRows(right), 'accuracy')).toEqual({ row: 1, text: 'highest accuracy' })
  })

  test('is none where intervals meet, or one is not known, or there is one setting, or no better way', () => {
    const near = [...three('0.1', 2.2, 0.1), ...three('0.3', 2, 0.1)]
    expect(bestSetting(sweepRows(near), 'loss')).toBeUndefined()
    // The next mean is far off, and a further one is uncertain.
    const wide = [...three('0.1', 2, 0.01), ...three('0.3', 3, 0.01), ...three('0.5', 4, 2)]
    expect(bestSetting(sweepRows(wide), 'loss')).toBeUndefined()
    expect(bestSetting(sweepRows([...three('0.1', 2, 0.1), point('0.3', '0', 9)]), 'loss')).toBeUndefined()
    expect(bestSetting(sweepRows(three('0.1', 2, 0.1)), 'loss')).toBeUndefined()
    const kept = [...three('0.1', 0.1, 0.001, 'keptFraction'), ...three('0.3', 0.3, 0.001, 'keptFraction')]
    expect(bestSetting(sweepRows(kept), 'keptFraction')).toBeUndefined()
  })
})

test('CSV names mean, standard deviation and interval, and quotes what needs it', () => {
  const rows = sweepRows([point('a,"b"', '0', 1), point('c|d', '0', 2), failed('e', '0')])
  expect(sweepCsv(rows).split('\r\n')).toEqual([
    'keep,runs,failed,loss_mean,loss_sd,loss_ci95_low,loss_ci95_high',
    '"a,""b""",1,0,1,,,',
    'c|d,1,0,2,,,',
    'e,0,1,,,,',
    '',
  ])
})

describe('Markdown', () => {
  test('escapes bars, sets numbers to the right, and has a column of failures only where there is one', () => {
    expect(sweepMarkdown(sweepRows([point('c|d', '0', 2)]), 'loss', [])).toBe(
      '| keep | runs | loss |\n| --- | ---: | ---: |\n| c\\|d | 1 | 2 |\n',
    )
    expect(sweepColumns(sweepRows([failed('1', '0')])).map(({ name }) => name)).toEqual(['keep', 'runs', 'failed'])
  })

  test('has the best setting bold, and a line for each run that failed', () => {
    const rows = sweepRows([...three('0.1', 2, 0.01), ...three('0.3', 3, 0.01), failed('0.3', '3')])
    const text = sweepMarkdown(rows, 'loss', [{ label: 'keep 0.3, seed 3', message: 'out\nof | memory' }])
    expect(text.split('\n').slice(2)).toEqual([
      '| 0.1 | 3 | 0 | **2.000 ± 0.010** |',
      '| 0.3 | 3 | 1 | 3.000 ± 0.010 |',
      '',
      "Bold: the lowest loss, whose 95 % interval meets no other's.",
      '',
      'Runs that failed:',
      '',
      '- keep 0.3, seed 3: out of \\| memory',
      '',
    ])
  })
})

test('runs.csv has a line a run: what it is, found, took, who made it, its files, and why it failed', () => {
  const text = runsCsv([
    {
      ...{ id: 'a', status: 'done', varied: { keep: '0.1', seed: '0' }, numbers: { loss: 1.5 } },
      ...{ seconds: 2.5, worker: 'host:1', files: { 'curve.jsonl': 'c', ticket: 't' } },
    },
    { id: 'b', status: 'failed', varied: { keep: '0.3' }, failure: { message: 'no, never' } },
    { id: 'c', status: 'waiting', varied: { keep: '0.5', seed: '1' } },
  ])
  expect(text.split('\r\n')).toEqual([
    'id,status,keep,seed,loss,seconds,worker,ticket_sha256,failure',
    'a,done,0.1,0,1.5,2.5,host:1,t,',
    'b,failed,0.3,,,,,,"no, never"',
    'c,waiting,0.5,1,,,,,',
    '',
  ])
  expect(runsCsv([{ id: 'a', status: 'done', varied: {}, files: { model: 'm' } }])).toContain('model_sha256')
})
