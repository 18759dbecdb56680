import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { createDenseModel, type DenseModel } from '../../../src/families/dense-model.js'
import { generateGreedy, generateGreedyBatch } from '../../../src/families/generate.js'
import { gpt2Shapes } from '../../../src/families/gpt2/config.js'
import type { Tensor } from '../../../src/graph/index.js'
import { uniform } from '../../../src/random/index.js'
import { readPartials, readSorter } from './partials.js'

let sorter: DenseModel
let trace: Record<string, Tensor>
const partials = readPartials()
const tokens = Int32Array.from(partials.get('idx')!.data)
const [batch, length] = partials.get('idx')!.shape

beforeAll(async () => {
  const { config, weights } = await readSorter()
  sorter = createDenseModel(createGraphRunner({ threads: 1 }), config, weights)
  trace = await sorter.trace(tokens, batch, length)
})
afterAll(() => sorter.release())

/** The dump shows the first block's insides; `blockN` are the residual streams after each block. */
function traceName(partial: string): string {
  const stream = /^block(\d)$/.exec(partial)
  if (stream) return `h.${stream[1]}.mlpResid`
  if (partial === 'lm_head') return 'logits'
  return /^(tok_emb|pos_emb|x|ln_f|probs)$/.test(partial) ? partial : `h.0.${partial}`
}

test('the sorter has its named shape', () => {
  expect(sorter.config).toEqual(gpt2Shapes['gpt2-nano-sort'])
})

describe("every intermediate tensor is the original program's, to 1e-4", () => {
  const names = [...partials.keys()].filter((name) => name !== 'idx')
  test('none is left out', () => expect(names.length).toBe(24))

  test.each(names)('%s', (name) => {
    const expected = partials.get(name)!
    const found = trace[traceName(name)]
    // Ours are flat, [B T, ...], but for heads; their positions have a batch dimension of 1.
    const [, , ...rest] = expected.shape
    const isOfHeads = /^(?:[qkv]|att|attSm)$/.test(name)
    expect(found.dims).toEqual(isOfHeads ? expected.shape : [expected.shape[0] * expected.shape[1], ...rest])
    let largest = 0
    for (const [i, value] of expected.data.entries()) {
      const other = Number(found.data[i])
      if (other !== value) largest = Math.max(largest, Math.abs(other - value)) // equal infinities are equal
      if (Number.isNaN(other)) largest = Number.NaN
    }
    expect(largest).toBeLessThan(1e-4)
  })
})

test('logits are the traced ones', async () => {
  const logits = await sorter.logits(tokens, batch, length)
  expect(logits.length).toBe(batch * length * 3)
  for (const [i, value] of logits.entries()) expect(value).toBeCloseTo(Number(trace.logits.data[i]), 4)
})

test('greedy continuation sorts 200 random lists', async () => {
  const lists = Array.from({ length: 200 }, (_, i) =>
    Array.from(uniform(7, i, 6), (value) => Math.floor(((value + 1) / 2) * 3)),
  )
  const sorted = await generateGreedyBatch(sorter, lists, 6)
  expect(sorted).toEqual(lists.map((list) => [...list].sort()))
  expect(new Set(lists.map(String)).size).toBeGreaterThan(100)
})

test('one prompt alone continues as in a batch, past the context too', async () => {
  expect(await generateGreedy(sorter, [2, 1, 0, 0, 1, 2], 6)).toEqual([0, 0, 1, 1, 2, 2])
  const long = await generateGreedy(sorter, [2, 1, 0, 0, 1, 2], 20)
  expect(long.slice(0, 6)).toEqual([0, 0, 1, 1, 2, 2])
  expect(long.length).toBe(20)
})

test('padding behind the text does not change what comes next', async () => {
  const prompt = [1, 0, 2, 2, 0]
  const bare = await sorter.logits(Int32Array.from(prompt), 1, 5)
  const padded = await sorter.logits(Int32Array.from([...prompt, 1, 1, 1]), 1, 8)
  for (let i = 0; i < bare.length; i++) expect(padded[i]).toBeCloseTo(bare[i], 4)
})

test.each<[string, () => Promise<unknown>]>([
  ['"tokens" expected 1 x 6 tokens, got 5', () => sorter.logits(new Int32Array(5), 1, 6)],
  ['"length" expected an integer from 1 to 11, got 12', () => sorter.logits(new Int32Array(12), 1, 12)],
  ['"batch" expected an integer >= 1, got 0', () => sorter.logits(new Int32Array(0), 0, 6)],
  ['token 1 expected 0 <= token < 3, got 3', () => sorter.logits(Int32Array.of(0, 3), 1, 2)],
  ['token 0 expected 0 <= token < 3, got -1', () => sorter.trace(Int32Array.of(-1), 1, 1)],
  ['"prompt" expected at least one token', () => generateGreedy(sorter, [], 1)],
  ['"count" expected an integer >= 0, got -1', () => generateGreedy(sorter, [1], -1)],
  ['"prompts" expected prompts of one length', () => generateGreedyBatch(sorter, [[1], [1, 2]], 1)],
])('%s', async (message, call) => {
  await expect(call()).rejects.toThrow(new RangeError(message))
})
