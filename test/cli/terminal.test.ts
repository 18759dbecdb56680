import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { allowsColour, count, secondsText, short, table, wrapLines } from '../../src/cli/terminal.js'
import { integer, oneOf, positive, readScale, readTokens } from '../../src/cli/values.js'

describe('numbers are printed short', () => {
  test.each([
    [0.058213, '0.0582'],
    [7.7e-7, '7.70e-7'],
    [0, '0'],
    [12_345.6, '12,346'],
    [98.7654, '98.8'],
    [2.5e12, '2.50e+12'],
    [Number.NaN, '-'],
    [null, '-'],
  ])('%s', (value, text) => expect(short(value)).toBe(text))

  test('counts and times', () => {
    expect(count(1_234_567)).toBe('1,234,567')
    expect([0.84, 12.4, 250, 7500].map(secondsText)).toEqual(['0.8 s', '12 s', '4 min 10 s', '2 h 5 min'])
  })
})

test('a table: numbers to the right, no space at the end of a line', () => {
  const drawn = table(
    pc.createColors(false),
    ['name', 'weights'],
    [
      ['h.0', '2,401'],
      ['lm_head', '9'],
    ],
  )
  expect(drawn.split('\n')).toEqual([
    ' name      weights',
    '───────────────────',
    ' h.0         2,401',
    ' lm_head         9',
  ])
})

test('a table that is too wide closes up, then breaks its words', () => {
  const head = ['check', 'value', 'detail']
  const rows = [['weights', '0.0194', 'largest error of a weight, as recorded']]
  const drawn = (columns: number) => table(pc.createColors(false), head, rows, columns).split('\n')
  expect(drawn(60)[2]).toBe(' weights   0.0194   largest error of a weight, as recorded')
  expect(drawn(56)[2]).toBe('weights 0.0194 largest error of a weight, as recorded')
  expect(drawn(40).slice(2)).toEqual(['weights 0.0194 largest error of a', '               weight, as recorded'])
  for (const columns of [40, 56, 60]) {
    for (const line of drawn(columns)) expect(line.length).toBeLessThanOrEqual(columns)
  }
})

test('a column of prose that begins with digits is words; numbers with units and shapes are numbers', () => {
  const head = ['claim', 'measured']
  const claim = 'the searched loss is near the trained one'
  const prose = '0.878 times; over sources 95 %: 0.830 to 0.927'
  const drawn = table(pc.createColors(false), head, [[claim, prose]], 60).split('\n')
  for (const line of drawn) expect(line.length).toBeLessThanOrEqual(60)
  expect(drawn.slice(2)).toEqual([
    'the searched loss is near the 0.878 times; over sources 95',
    'trained one                   %: 0.830 to 0.927',
  ])
  const isRight = (cell: string) =>
    table(pc.createColors(false), ['', 'of a long title'], [['', cell]]).endsWith(cell.padStart(16))
  for (const cell of ['2,401', '-', '+0.5', '.5', '7.70e-7', '1.00x', '95 %', '1.2 ms', '392 x 49']) {
    expect([cell, isRight(cell)]).toEqual([cell, true])
  }
  for (const cell of ['4 min 10 s', '1, 2', '8 of 9', '3 heads, 2']) {
    expect([cell, isRight(cell)]).toEqual([cell, false])
  }
})

test('a line is broken at spaces and keeps its indentation', () => {
  expect(wrapLines('  one two three', 10)).toBe('  one two\n  three')
  expect(wrapLines('unbreakable', 4)).toBe('unbreakable')
  expect(wrapLines(pc.createColors(true).bold('one two'), 7)).toBe(pc.createColors(true).bold('one two'))
})

test('colours only on a terminal, and not with NO_COLOR', () => {
  const { NO_COLOR, TERM } = process.env
  process.env.TERM = 'xterm'
  delete process.env.NO_COLOR
  expect([allowsColour({ isTTY: true }), allowsColour({})]).toEqual([true, false])
  process.env.NO_COLOR = '1'
  expect(allowsColour({ isTTY: true })).toBe(false)
  delete process.env.NO_COLOR
  if (NO_COLOR !== undefined) process.env.NO_COLOR = NO_COLOR
  if (TERM === undefined) delete process.env.TERM
  else process.env.TERM = TERM
})

test('values are read strictly', () => {
  expect(integer('n', 0)('007')).toBe(7)
  for (const text of ['', ' 1', '1e3', '1.0', 'NaN', '٣']) {
    expect(() => integer('n', 0)(text)).toThrow('"n" expected an integer >= 0, got')
  }
  expect(() => integer('n', 0)('9007199254740993')).toThrow('expected an integer <= 9007199254740991')
  expect(positive('x')('1e-3')).toBe(0.001)
  for (const text of ['0', '-1', 'Infinity', '1,5', '.', '1.2.3']) expect(() => positive('x')(text)).toThrow(RangeError)
  expect([readScale('auto'), readScale('0.5')]).toEqual(['auto', 0.5])
  expect(readTokens('2, 1,0')).toEqual([2, 1, 0])
  expect(() => readTokens('2,-1')).toThrow('got 2,-1')
  expect(() => oneOf('method', ['a', 'b'])('\u001b[31m')).toThrow('"method" expected a, b, got "\\u001b[31m"')
})
