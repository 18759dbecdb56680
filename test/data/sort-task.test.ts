import { expect, test } from 'vitest'
import {
  checkSortTask,
  createLetterTokenizer,
  fillSortBatch,
  fillSorted,
  heldOutLists,
  isHeldOut,
  listCount,
  type SortTask,
  scaleWord,
} from '../../src/data/index.js'

const task: SortTask = { name: 'sort', letters: 3, length: 6 }

/** The number of a list of letters. */
const indexOf = (list: ArrayLike<number>, { letters, length }: SortTask) =>
  Array.from(list)
    .slice(0, length)
    .reduceRight((sum, letter) => sum * letters + letter, 0)

function batchOf(of: SortTask, step: number, batch: number, seed = 0) {
  const context = 2 * of.length - 1
  const tokens = new Int32Array(batch * context)
  const targets = new Int32Array(batch * context)
  fillSortBatch(of, { seed, step, batch }, tokens, targets)
  return { tokens, targets, context }
}

test('a list is the digits of its number, its answer those in order; every list is there once', () => {
  const out = new Int32Array(12)
  const seen = new Set<string>()
  for (let i = 0; i < listCount(task); i++) {
    fillSorted(task, i, out)
    expect(indexOf(out, task)).toBe(i)
    expect([...out.subarray(6)]).toEqual([...out.subarray(0, 6)].sort())
    seen.add(out.subarray(0, 6).join())
  }
  expect(seen.size).toBe(729)
})

test('the batches of a seed are frozen', () => {
  const { tokens } = batchOf(task, 0, 3)
  expect([...tokens].join('')).toBe('211110011111200220012200110100011')
  expect(heldOutLists(task, 0, 10)).toEqual([8, 11, 18, 21, 26, 29, 32, 35, 38, 40])
  expect(heldOutLists({ ...task, letters: 10 }, 0, 3)).toEqual([946335, 233193, 451555])
})

test('targets are the tokens one further on; the last is the last letter of the answer', () => {
  const { tokens, targets, context } = batchOf(task, 5, 64)
  for (let b = 0; b < 64; b++) {
    const [read, next] = [tokens, targets].map((all) => [...all.subarray(b * context, (b + 1) * context)])
    expect(next.slice(0, -1)).toEqual(read.slice(1))
    expect([...read.slice(6), next[context - 1]]).toEqual(read.slice(0, 6).sort())
  }
})

test('a quarter of the lists is held out, never trained on, and all others come up', () => {
  for (const seed of [0, 7]) {
    const heldOut = new Set(heldOutLists(task, seed, 1000))
    expect(heldOut.size / 729).toBeGreaterThan(0.2)
    expect(heldOut.size / 729).toBeLessThan(0.3)
    const { tokens, context } = batchOf(task, 1, 8000, seed)
    const trained = new Set(
      Array.from({ length: 8000 }, (_, b) => indexOf(tokens.subarray(b * context, b * context + 6), task)),
    )
    expect(trained.size).toBe(729 - heldOut.size)
    for (const list of trained) expect(heldOut.has(list)).toBe(false)
  }
})

test('a step can be drawn alone, and steps differ', () => {
  const context = 11
  const { tokens } = batchOf(task, 0, 8)
  const second = batchOf(task, 1, 4)
  expect(second.tokens).toEqual(tokens.subarray(4 * context))
  expect(batchOf(task, 2, 4).tokens).not.toEqual(second.tokens)
})

test('many lists: those held out are found by drawing', () => {
  const large: SortTask = { name: 'sort', letters: 16, length: 8 } // 2^32 lists
  const found = heldOutLists(large, 3, 500)
  expect(found.length).toBe(500)
  for (const list of found) expect(isHeldOut(3, list)).toBe(true)
  expect(new Set(found.map((list) => Math.floor(list / 2 ** 28))).size).toBe(16)
})

test('a word is scaled exactly', () => {
  for (const [word, count] of [
    [0, 5],
    [2 ** 32 - 1, 5],
    [2 ** 32 - 1, 2 ** 37],
    [0x89abcdef, 123_456_789],
  ]) {
    expect(scaleWord(word, count)).toBe(Number((BigInt(word) * BigInt(count)) >> 32n))
  }
})

test('tasks out of range are refused', () => {
  checkSortTask({ name: 'sort', letters: 2, length: 32 })
  const cases: [number, number, string][] = [
    [1, 6, '"letters" expected an integer from 2 to 26, got 1'],
    [27, 6, '"letters" expected an integer from 2 to 26, got 27'],
    [3, 1, '"length" expected an integer from 2 to 32, got 1'],
    [3, 33, '"length" expected an integer from 2 to 32, got 33'],
    [3, 21, '"length" expected at most 2^32 lists, got 3^21'],
    [2, 2, '"length" expected at least 8 lists, got 2^2'],
  ]
  for (const [letters, length, message] of cases) {
    expect(() => checkSortTask({ name: 'sort', letters, length })).toThrow(message)
  }
})

test('letters are tokens and back; others are refused', () => {
  const { encode, decode, vocabulary } = createLetterTokenizer(3)
  expect(vocabulary).toBe(3)
  expect([...encode('CAB')]).toEqual([2, 0, 1])
  expect(new TextDecoder().decode(decode([2, 0, 1]))).toBe('CAB')
  expect(() => encode('D')).toThrow('"token" expected an integer from 0 to 2, got 3')
  expect(() => decode([3])).toThrow('"token" expected an integer from 0 to 2, got 3')
})
