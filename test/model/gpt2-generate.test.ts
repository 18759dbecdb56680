import { expect, test } from 'vitest'
import { gpt2Shapes } from '../../src/model/gpt2-config.js'
import { generateGreedy, generateGreedyBatch } from '../../src/model/gpt2-generate.js'
import type { LanguageModel } from '../../src/model/gpt2-tokens.js'

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

test('only the last tokens that fit the context are read', async () => {
  expect(await generateGreedy(sumModel(3), [9, 9, 1, 2, 3], 3)).toEqual([6, 1, 0]) // 1+2+3, 2+3+6, 3+6+1
})

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
