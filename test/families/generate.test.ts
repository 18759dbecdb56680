import { expect, test } from 'vitest'
import {
  countBeyond,
  createPlainDecoder,
  generateGreedy,
  generateGreedyBatch,
  generateTokens,
} from '../../src/families/generate.js'
import { gpt2Shapes } from '../../src/families/gpt2/config.js'
import type { LanguageModel } from '../../src/families/language-model.js'

/** Says that the sum of the tokens so far, modulo 10, comes next; keeps the lengths that it was asked for. */
function sumModel(positions: number, lengths: number[] = []): LanguageModel {
  const config = { ...gpt2Shapes['gpt2-nano-sort'], positions, vocabulary: 10 }
  return {
    config,
    async logits(tokens, batch, length) {
      lengths.push(length)
      const logits = new Float32Array(batch * length * 10)
      for (let row = 0; row < batch; row++) {
        let sum = 0
        for (let i = row * length; i < (row + 1) * length; i++) {
          sum += tokens[i]
          logits[10 * i + (sum % 10)] = 1
        }
      }
      return logits
    },
  }
}

test('each token is read with all before it', async () => {
  expect(await generateGreedy(sumModel(11), [1, 2], 4)).toEqual([3, 6, 2, 4])
  expect(await generateGreedy(sumModel(11), [1, 2], 0)).toEqual([])
})

test('of a long prompt the last tokens that fit are read; a full context goes on from the last half of the text', async () => {
  const expected = [6, 6, 2, 4, 4, 8] // 1+2+3; then of 1 2 3 6 the last one: 6, 6+6, 6+6+2; and so on
  expect(await generateGreedy(sumModel(3), [9, 9, 1, 2, 3], 6)).toEqual(expected)
})

test('every decoder has one rule beyond the context', async () => {
  for (const positions of [1, 2, 3, 4, 7]) {
    const prompt = [3, 1, 4, 1, 5]
    const decoder = createPlainDecoder(sumModel(positions))
    const found: number[] = []
    for await (const token of generateTokens(decoder, prompt, { count: 20, temperature: 0, word: () => 0 }))
      found.push(token)
    expect(await generateGreedy(sumModel(positions), prompt, 20)).toEqual(found)
  }
})

test('a text ends with the first end token', async () => {
  const all = async (endTokens?: number[]) => {
    const found: number[] = []
    const request = { count: 6, temperature: 0, word: () => 0, endTokens }
    for await (const token of generateTokens(createPlainDecoder(sumModel(11)), [1, 2], request)) found.push(token)
    return found
  }
  expect(await all()).toEqual([3, 6, 2, 4, 8, 6])
  expect(await all([])).toEqual([3, 6, 2, 4, 8, 6])
  expect(await all([4])).toEqual([3, 6, 2, 4])
  expect(await all([9, 6])).toEqual([3, 6])
  expect(await all([1])).toEqual([3, 6, 2, 4, 8, 6]) // a token of the prompt ends nothing
})

test.each([
  [5, 6, 11, 0],
  [5, 7, 11, 0],
  [5, 8, 11, 1],
  [11, 1, 11, 0],
  [11, 4, 11, 3],
  [20, 4, 11, 4],
  [3, 0, 1, 0],
])(
  'of %i tokens and %i more, in a context of %i, %i are read from less than the text',
  (length, added, positions, beyond) => {
    expect(countBeyond(length, added, positions)).toBe(beyond)
  },
)

test('the lowest of equal logits wins', async () => {
  const flat: LanguageModel = {
    ...sumModel(4),
    logits: async (_, batch, length) => new Float32Array(batch * length * 10),
  }
  expect(await generateGreedy(flat, [5], 2)).toEqual([0, 0])
})

test('rows of a batch go on alone, and lengths are powers of two or the whole context', async () => {
  const lengths: number[] = []
  const rows = await generateGreedyBatch(
    sumModel(11, lengths),
    [
      [1, 2],
      [3, 4],
    ],
    9,
  )
  expect(rows).toEqual([await generateGreedy(sumModel(11), [1, 2], 9), await generateGreedy(sumModel(11), [3, 4], 9)])
  expect(lengths).toEqual([2, 4, 4, 8, 8, 8, 8, 11, 11])
})
