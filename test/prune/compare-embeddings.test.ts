import { expect, test } from 'vitest'
import type { Encoder } from '../../src/families/language-model.js'
import { compareEmbeddings } from '../../src/prune/compare-embeddings.js'
import { smallBert } from '../families/small-models.js'

/** An encoder whose hidden states are all one number, whatever it reads. */
const constant = (value: number): Encoder => ({
  config: smallBert,
  hidden: async (_, batch, length) => new Float32Array(batch * length * smallBert.width).fill(value),
})
const sequences = { tokens: new Int32Array(6), batch: 2, length: 3 }
const distance = async (a: number, b: number) => (await compareEmbeddings(constant(a), constant(b), sequences)).distance

test.each([
  ['two zero vectors', 0, 0, 0],
  ['a zero vector and another', 0, 3, 1],
  ['equal vectors', 2, 2, 0],
  ['opposite vectors', 2, -2, 2],
])('the distance of %s', async (_, a, b, expected) => {
  const { mean, max } = await distance(a, b)
  expect(mean).toBeCloseTo(expected, 12)
  expect(max).toBeCloseTo(expected, 12)
})
