import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alignedTexts, spreadText } from '../../src/experiments/sweep-numbers.js'

const text = (mean: number, deviation: number | null) => spreadText({ mean, deviation })

describe('a mean and its deviation', () => {
  test.each([
    [0.79227, 0.11, '0.79 ± 0.11'],
    [10.099, 14.2, '10 ± 14'],
    [3012.3, 118.2, '3010 ± 120'],
    [0.5, 0.0996, '0.50 ± 0.10'],
    [2.0004, 0.0101, '2.000 ± 0.010'],
    [7.7214e-9, 3.14e-10, '7.72e-9 ± 0.31e-9'],
    [1e-12, 3.44e-9, '0.0e-9 ± 3.4e-9'],
    [-0.001, 0.5, '0.00 ± 0.50'],
  ])('%d and %d', (mean, deviation, expected) => {
    expect(text(mean, deviation)).toBe(expected)
  })

  test('without one, or with one of 0, the mean has five digits; an integer is whole', () => {
    for (const deviation of [null, 0])
      expect([0.792271, 123456].map((mean) => text(mean, deviation))).toEqual(['0.79227', '123456'])
  })

  test('end at the same decimal place, and the deviation keeps two digits', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-7, max: 1e5 }),
        (mean, deviation) => {
          const [first, second] = text(mean, deviation).split(' ± ')
          const decimals = (number: string) => number.split('e')[0].split('.')[1]?.length ?? 0
          expect(decimals(first)).toBe(decimals(second))
          expect(Number(second)).toBeCloseTo(Number(deviation.toPrecision(2)), 12)
          expect(Math.abs(Number(first) - mean)).toBeLessThanOrEqual(
            0.0501 * 10 ** Math.ceil(Math.log10(deviation) + 1e-9),
          )
        },
      ),
    )
  })
})

test('texts of a column have their points and signs below each other', () => {
  const number = (mean: number, deviation: number | null) => ({ mean, deviation, ci95: null, values: [] })
  expect(alignedTexts([number(0.79227, 0.11), number(10.099, 14), undefined, number(9.9724e-7, null)])).toEqual([
    ' 0.79      ±  0.11',
    '10         ± 14   ',
    '                  ',
    ' 9.9724e-7        ',
  ])
  expect(alignedTexts([number(3, null), number(12, 0)])).toEqual([' 3', '12'])
})
