import { expect, test } from 'vitest'
import { beside } from '../../src/cli/demo-story.js'

const plain = (text: string) => text
const texts = ['Once upon a time there was a little girl who saw a big red ball', 'Once upon a time']

test('two stories stand side by side where there is room, each word whole and in its column', () => {
  const lines = beside(['own', 'target'], texts, 80, plain)
  expect(lines[0]).toBe(`${'own:'.padEnd(42)}target:`)
  expect(lines[1].slice(42)).toBe('Once upon a time')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  const left = lines.slice(1).map((line) => line.slice(0, 38).trim())
  expect(left.join(' ').trim()).toBe(texts[0])
})

test('else one after the other, whole', () => {
  for (const columns of [60, Number.POSITIVE_INFINITY])
    expect(beside(['own', 'target'], texts, columns, plain)).toEqual(['own:', texts[0], '', 'target:', texts[1]])
})
