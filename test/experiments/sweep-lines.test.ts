import { describe, expect, test } from 'vitest'
import { renderSweep } from '../../src/experiments/sweep-figure.js'
import {
  logTicks,
  type SweepLines,
  sweepCaption,
  sweepLines,
  ticksOf,
  tickText,
} from '../../src/experiments/sweep-lines.js'
import { sweepRows } from '../../src/experiments/sweep-rows.js'

/** Runs of every width and method, the widths not in order, with two seeds of the first method. */
const rowsOf = (widths: readonly string[], methods: readonly string[], name = 'loss') =>
  sweepRows(
    widths.flatMap((width) =>
      methods.flatMap((method, m) =>
        (m === 0 ? ['0', '1'] : ['0']).map((seed) => ({
          varied: { method, width, seed },
          numbers: { [name]: Number(width) + Number(seed) + 10 * m },
        })),
      ),
    ),
  )

const linesOf = (...[rows, number]: Parameters<typeof sweepLines>): SweepLines => {
  const found = sweepLines(rows, number)
  if ('reason' in found) throw new Error(found.reason)
  return found
}
const reasonOf = (...[rows, number]: Parameters<typeof sweepLines>) => {
  const found = sweepLines(rows, number)
  return 'reason' in found ? found.reason : undefined
}

test('a figure goes along the option with the most values, with a line for each setting of the others', () => {
  const rows = rowsOf(['8', '2', '4'], ['a', 'b'])
  const found = linesOf(rows, 'loss')
  expect(found).toMatchObject({ across: 'width', values: ['8', '2', '4'], isNumeric: true, isWide: false })
  expect(found.lines.map(({ label, points }) => [label, points.map(({ x, mean }) => [x, mean])])).toEqual([
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
  const words = linesOf(rowsOf(['1'], ['b', 'a']), 'loss')
  expect(words).toMatchObject({ across: 'method', values: ['b', 'a'], isNumeric: false, isWide: false })
  expect(words.lines[0].points.map(({ x }) => x)).toEqual(['b', 'a'])
  expect(linesOf(rowsOf(['1', '30'], ['a']), 'loss').isWide).toBe(true)
  expect(linesOf(rowsOf(['0', '30'], ['a']), 'loss').isWide).toBe(false)
})

test('means stand on a log axis where all are > 0 and the largest is 50 times the smallest', () => {
  const point = (keep: string, loss: number) => ({ varied: { keep }, numbers: { loss } })
  const isLog = (losses: readonly number[]) =>
    linesOf(sweepRows(losses.map((loss, i) => point(String(i), loss))), 'loss').isLogNumber
  expect([isLog([1, 50]), isLog([1, 49]), isLog([0, 50]), isLog([-1, 50])]).toEqual([true, false, false, false])
})

test('bars end at the bounds of the measure', () => {
  const rows = sweepRows(
    ['1', '2'].flatMap((keep) =>
      [0, 1].map((seed) => ({ varied: { keep, seed: `${seed}` }, numbers: { accuracy: seed } })),
    ),
  )
  expect(linesOf(rows, 'accuracy').lines[0].points.map(({ bar }) => bar)).toEqual([
    [0, 1],
    [0, 1],
  ])
})

test('why there is no figure: one setting, a number that no run has, more than 20 lines', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)
  const widths = (count: number) => names(count).map((_, i) => String(i))
  expect(reasonOf(rowsOf(['1'], ['a']), 'loss')).toBe(
    'of the runs that are done, all have the same options beside seeds',
  )
  expect(reasonOf(rowsOf(['1', '2'], ['a']), 'validLoss')).toBe('no run has found its validation loss')
  expect(reasonOf(sweepRows([{ varied: { keep: '1' }, status: 'failed' }]), 'other')).toBe('no run has found its other')
  expect(linesOf(rowsOf(widths(22), names(20)), 'loss').lines).toHaveLength(20)
  expect(reasonOf(rowsOf(widths(22), names(21)), 'loss')).toBe(
    'it would have 21 lines, and more than 20 cannot be told apart',
  )
})

describe('ticks', () => {
  test('of an option are its values, where they are few and apart', () => {
    expect(ticksOf([0.5, 0.1, 0.3], false)).toEqual([0.1, 0.3, 0.5])
    expect(ticksOf([0.001, 1, 30], true)).toEqual([0.001, 1, 30])
    expect(ticksOf([1, 2, 100], false)).toBeUndefined() // 1 and 2 would run into each other
    expect(ticksOf([1, 1.1, 1000], true)).toEqual([1, 10, 100, 1000])
  })

  test('of a log axis are powers of ten, with 2 and 5 between where those are few', () => {
    expect(logTicks(0.0005, 200)).toEqual([0.001, 0.01, 0.1, 1, 10, 100])
    expect(logTicks(0.3, 30)).toEqual([0.5, 1, 2, 5, 10, 20])
  })

  test('are plain numbers, and powers far off', () => {
    expect([0.001, 0.30000000000000004, 1000, 1e-6, 2e7, 0].map(tickText)).toEqual([
      ...['0.001', '0.3', '1000', '1e-6', '2e7', '0'],
    ])
  })
})

describe('the picture', () => {
  const draw = (...[rows, number]: Parameters<typeof sweepLines>) =>
    renderSweep(rows, number, 'the title', linesOf(rows, number))
  const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text)
  /** `x` of circles with the shift of the group that they are in. */
  const dots = (svg: string) =>
    [...svg.matchAll(/<g ([^>]*aria-label="dot"[^>]*)>(.*?)<\/g>/gs)].map(([, group, inside]) => {
      const shift = Number(/translate\((-?[\d.]+)/.exec(group)?.[1] ?? 0)
      return [...inside.matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x) + shift)
    })

  test('names the measure with its unit, and has plain ticks at the values of the option', () => {
    const svg = draw(rowsOf(['0.001', '0.1', '10', '1000'], ['a', 'b'], 'validLoss'), 'validLoss')
    expect(texts(svg)).toEqual(expect.arrayContaining(['the title', 'validation loss, nats a token', 'width']))
    expect(texts(svg)).toEqual(expect.arrayContaining(['0.001', '0.1', '10', '1000']))
  })

  test('sets the points of two lines beside each other, and none on the frame', () => {
    const [first, second] = dots(draw(rowsOf(['1', '2', '3'], ['a', 'b']), 'loss'))
    for (const [i, x] of first.entries()) expect(second[i] - x).toBeCloseTo(6, 1)
    expect(Math.min(...first)).toBeGreaterThan(62 + 10)
    expect(Math.max(...second)).toBeLessThan(760 - 18 - 10)
  })

  test('joins numbers by a line, and categories by none', () => {
    expect(draw(rowsOf(['1', '2'], ['a']), 'loss')).toContain('aria-label="line"')
    const words = draw(rowsOf(['1'], ['a', 'b', 'c']), 'loss')
    expect(words).not.toContain('aria-label="line"')
    expect(dots(words)[0]).toHaveLength(3)
  })

  test('does not go below 0 for a loss, and draws a bar that would down to the frame of a log axis', () => {
    const point = (keep: string, seed: number, loss: number) => ({
      varied: { keep, seed: String(seed) },
      numbers: { loss },
    })
    const linear = draw(sweepRows([point('1', 0, 0.01), point('1', 1, 1), point('2', 0, 1), point('2', 1, 2)]), 'loss')
    expect(texts(linear).filter((text) => /^[-−]/.test(text))).toEqual([])
    const log = draw(sweepRows([point('1', 0, 0.001), point('1', 1, 1), point('2', 0, 100), point('2', 1, 90)]), 'loss')
    expect(texts(log)).toEqual(expect.arrayContaining(['1', '10']))
    expect(log).not.toMatch(/NaN|Infinity/)
  })
})
