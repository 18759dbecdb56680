import { describe, expect, test } from 'vitest'
import { barOf, fitLine, type LinePart } from '../../src/cli/live-line.js'
import { progressParts } from '../../src/cli/progress.js'
import { searchParts } from '../../src/cli/search-progress.js'
import { lengthOf, wrapLines } from '../../src/cli/terminal.js'

const search = searchParts({
  step: 1234,
  steps: 20_000,
  loss: 2.3456,
  tokensPerSecond: 12_345,
  left: '3 min 20 s left',
})
const label = 'run 3 of 39: SLT, width 256, QK scale 2.83, seed 1, loss 2.61'
const work = progressParts({ unit: 'weights', done: 12_345, total: 98_937, label, rate: 4321 })

describe.each([
  ['a search', search, '6 %'],
  ['other work', work, '12 %'],
] as [string, LinePart[], string][])('the line of %s', (_, parts, least) => {
  const known = new Set([...parts.flatMap(({ text, short }) => [text, short ?? text]), ''])

  test('at any width is made of whole parts, in their order, and fits', () => {
    let before = 0
    for (let columns = 1; columns <= 200; columns++) {
      const line = fitLine(parts, columns)
      expect(lengthOf(line), `${columns} columns`).toBeLessThanOrEqual(columns)
      const shown = line.split(' | ')
      for (const part of shown) expect(known, `${columns} columns`).toContain(part)
      const inOrder = parts.map(({ text }) => text).filter((text) => shown.includes(text))
      if (line !== '' && line !== least) expect(shown).toEqual(inOrder)
      const count = shown.filter((part) => part !== '').length
      expect(count).toBeGreaterThanOrEqual(before) // more room never shows less
      before = count
    }
    expect(before).toBe(parts.length)
  })

  test('the most important part is there from 10 columns on', () => {
    for (let columns = 10; columns <= 200; columns++) expect(fitLine(parts, columns)).toMatch(/\d/)
    expect(fitLine(parts, 5)).toBe(least)
    expect(fitLine(parts, 1)).toBe('')
  })
})

test('what goes first at 80, 40 and 20 columns', () => {
  expect(fitLine(search, 80)).toBe('step 1,234 of 20,000 | loss 2.346 | 12,345 tokens/s | 3 min 20 s left')
  expect(fitLine(search, 40)).toBe('step 1,234 of 20,000 | loss 2.346')
  expect(fitLine(search, 20)).toBe('step 1,234 of 20,000')
  expect(fitLine(work, 40)).toBe('12 % | 20 s left')
  expect(fitLine(work, 82)).toBe(`12 % | 20 s left | ${label}`)
})

test('a validation above the line breaks between words', () => {
  const text = 'step 1,234 of 20,000 | loss 2.346 | validation 2.401, 3.464 bits a byte | 12,345 tokens/s'
  for (const columns of [10, 20, 40, 80]) {
    const lines = wrapLines(text, columns).split('\n')
    expect(lines.join(' ')).toBe(text)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 'validation'.length))
  }
})

test('a bar is as long as it is asked for, whatever the share', () => {
  expect(barOf(0.5, 4)).toBe('██░░')
  for (const share of [-1, 0, 0.999, 1, 2]) expect(barOf(share, 20).length).toBe(20)
})
