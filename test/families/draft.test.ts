import { expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createCachedDecoder, createDenseModel, generateGreedy, generateWithDraft } from '../../src/families/index.js'
import { randomWeights, smallLlama } from './small-models.js'

const runner = createGraphRunner({ threads: 1 })
const config = { ...smallLlama, positions: 24, vocabulary: 11 }
const model = (seed: number) => createDenseModel(runner, config, randomWeights(config, seed))
const decoder = (seed: number) => createCachedDecoder(runner, config, randomWeights(config, seed))

test.each([1, 2, 3])("the text is the model's own, whatever the draft guesses: seed %i", async (seed) => {
  const wanted = await generateGreedy(model(seed), [1, 2, 3], 20)
  const seen: number[] = []
  const sure = await generateWithDraft(model(seed), decoder(seed), [1, 2, 3], 20, (tokens) => seen.push(...tokens))
  expect(sure).toEqual({ tokens: wanted, foreseen: 20, passes: 1 })
  expect(seen).toEqual(wanted)
  const unsure = await generateWithDraft(model(seed), decoder(seed + 10), [1, 2, 3], 20)
  expect(unsure.tokens).toEqual(wanted)
  expect(unsure.passes).toBeGreaterThan(1)
  expect(unsure.foreseen).toBeLessThan(20)
})

test('a text beyond the context, or of no tokens, is refused', async () => {
  const write = (prompt: number[], count: number) => generateWithDraft(model(1), decoder(1), prompt, count)
  await expect(write([], 2)).rejects.toThrow('"prompt" expected 1 to 22 tokens with a count of 2, got 0')
  await expect(write([1], 24)).rejects.toThrow('"prompt" expected 1 to 0 tokens with a count of 24, got 1')
  await expect(write([1], 0)).rejects.toThrow('"count" expected an integer >= 1, got 0')
})
