import pc from 'picocolors'
import { expect, test } from 'vitest'
import { sweepTable } from '../../src/cli/sweep-columns.js'
import { sweepRows } from '../../src/experiments/sweep-rows.js'

const colour = pc.createColors(false)
const numbers = (by: number) => ({
  validLoss: 2.12345 + by,
  bitsPerByte: 3 + by,
  keptFraction: 0.3,
  outBytes: 37_000 + by,
})
const rows = sweepRows([
  ...[0, 1, 2].map((seed) => ({
    varied: { data: 'texts/of/long/names/a.txt', keep: '0.1', seed: `${seed}` },
    numbers: numbers(seed / 10),
  })),
  { varied: { data: 'texts/of/long/names/b.txt', keep: '0.1', seed: '0' }, numbers: numbers(10) },
  { varied: { data: 'texts/of/long/names/b.txt', keep: '0.1', seed: '1' }, status: 'failed' },
])
const draw = (width: number) => {
  const { text, leftOut } = sweepTable(colour, rows, { number: 'validLoss', best: 0 }, width)
  return { lines: text.split('\n'), leftOut }
}

test('has all columns where there is room, points below each other, and a star at the best setting', () => {
  const { lines, leftOut } = draw(Number.POSITIVE_INFINITY)
  expect(leftOut).toEqual([])
  expect(lines.map((line) => line.replaceAll(/ +/g, ' ').trim())).toEqual([
    'data keep runs failed validLoss bitsPerByte keptFraction outBytes',
    expect.stringMatching(/^─+$/),
    'texts/of/long/names/a.txt 0.1 3 0 2.22 ± 0.10* 3.10 ± 0.10 0.3 37000.10 ± 0.10',
    'texts/of/long/names/b.txt 0.1 1 1 12.123 13 0.3 37010',
  ])
  expect(lines[2].indexOf('2.22') + 1).toBe(lines[3].indexOf('12.123') + 2)
})

test('leaves out the last numbers first, then how many runs there are; what is left out is said', () => {
  expect(draw(110).leftOut).toEqual(['outBytes'])
  expect(draw(80).leftOut).toEqual(['bitsPerByte', 'keptFraction', 'outBytes'])
  expect(draw(60).leftOut).toEqual(['runs', 'bitsPerByte', 'keptFraction', 'outBytes'])
})

test('breaks no line from 40 columns on: each row is one line, with its loss and its failures', () => {
  for (let width = 40; width <= 200; width++) {
    const { lines } = draw(width)
    expect(lines, `${width} columns`).toHaveLength(4)
    for (const line of lines) expect(line.length, `${width} columns`).toBeLessThanOrEqual(width)
    expect(lines[2], `${width} columns`).toMatch(/a\.txt .* 0 .*2\.22 +± 0\.10\*/)
  }
})
