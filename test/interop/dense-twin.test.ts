/** Dense models of pruned ones, held against the literal network of the same pairs. */
import { expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BaseConfig } from '../../src/families/config.js'
import { familyOf } from '../../src/families/family.js'
import { gpt2Shapes } from '../../src/families/gpt2/config.js'
import type { EncoderInputs } from '../../src/families/language-model.js'
import type { PairChoice } from '../../src/families/pair-plan.js'
import { denseTwin, exactBytes, exactConfig, type HeadForm } from '../../src/interop/index.js'
import { denseResult, randomWeights, smallBert, smallGpt2, smallLlama } from '../families/small-models.js'
import { farthest } from '../vectors/pytorch/open.js'
import { noisyPairs } from './noisy-pairs.js'

const runner = createGraphRunner({ threads: 1 })
const gpt2 = { ...smallGpt2, vocabulary: 150 }
const tied = { ...gpt2, tiedHead: true }
const qwen2 = { ...smallLlama, inputBias: true }
const biased = { ...smallLlama, inputBias: true, outputBias: true, feedForwardBias: true, tiedHead: false }

const tokensOf = ({ vocabulary }: BaseConfig) => Int32Array.from({ length: 14 }, (_, i) => (i * 37 + 5) % vocabulary)
const encoderInputs: EncoderInputs = {
  mask: Float32Array.from({ length: 14 }, (_, i) => (i < 11 ? 1 : 0)),
  types: Int32Array.from({ length: 14 }, (_, i) => (i % 7 < 3 ? 0 : 1)),
}

/** The largest difference of the dense model from the literal network, to the largest result. An encoder's result is the first copy. */
async function differenceOf(config: BaseConfig, choice: PairChoice, form: HeadForm, noise: number): Promise<number> {
  const { merged, literal } = noisyPairs(runner, config, choice, randomWeights(config), noise)
  const isEncoder = familyOf(config).task === 'encoder'
  const tokens = tokensOf(config)
  const inputs = isEncoder ? encoderInputs : {}
  try {
    const wanted = isEncoder ? await literal.hidden(tokens, 2, 7, inputs) : await literal.logits(tokens, 2, 7)
    const twin = await denseTwin(merged, form)
    const all = await denseResult(twin.config, twin.weights, tokens, [2, 7], inputs)
    const copies = all.length / wanted.length
    const { width } = config
    const found = copies === 1 ? all : wanted.map((_, i) => all[Math.floor(i / width) * width * copies + (i % width)])
    expect(found.every(Number.isFinite)).toBe(true)
    return farthest(found, wanted) / wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  } finally {
    await literal.release()
  }
}

const cases: [string, BaseConfig, PairChoice['attention']][] = [
  ['a GPT-2, tied', tied, 'merged'],
  ['a GPT-2, untied', gpt2, 'merged'],
  ['a GPT-2 of one head, untied', { ...gpt2, heads: 1 } as BaseConfig, 'merged'],
  ['a GPT-2 with factors', gpt2, 'factored'],
  ['a Llama, grouped heads', smallLlama, 'factored'],
  ['a Llama, one key head, heads wider than x', { ...smallLlama, keyHeads: 1, headWidth: 8 } as BaseConfig, 'factored'],
  ['a Qwen2, biases of query, key and value', qwen2, 'factored'],
  ['a Llama with all biases', biased, 'factored'],
  ['a BERT', smallBert, 'merged'],
  ['a BERT with factors', smallBert, 'factored'],
]

test.each(cases)('exact: %s computes what its pruned network does (2e-6)', async (_, config, attention) => {
  for (const dense of ['none', 'embeddings'] as const) {
    expect(await differenceOf(config, { attention, dense }, 'exact', 0.02)).toBeLessThan(2e-6)
  }
})

/** Whether heads as wide as x leave nothing to approximate. */
const hasRoom = (config: BaseConfig) => familyOf(config).cache(config).headWidth >= config.width

const rotary: typeof cases = [
  ['a Llama, rotary heads', smallLlama, 'rotary'],
  ['a Qwen2, rotary heads', qwen2, 'rotary'],
  ['a Llama with all biases, rotary heads', biased, 'rotary'],
]

test.each([...cases, ...rotary])(
  'factored: %s, without errors the same, with them close',
  async (_, config, attention) => {
    for (const dense of ['none', 'embeddings'] as const) {
      expect(await differenceOf(config, { attention, dense }, 'factored', 0)).toBeLessThan(2e-6)
      const rough = await differenceOf(config, { attention, dense }, 'factored', 1e-3)
      expect(rough).toBeLessThan(0.1)
      if (dense === 'embeddings' && hasRoom(config)) expect(rough).toBeLessThan(2e-6)
      else if (!hasRoom(config)) expect(rough).toBeGreaterThan(1e-5)
    }
  },
)

test('shapes: copies of x where heads share its width, more heads where they have one of their own', () => {
  const merged = { attention: 'merged', dense: 'none' } as const
  const factored = { attention: 'factored', dense: 'none' } as const
  expect(exactConfig(tied, merged)).toEqual({ ...tied, width: 18 })
  expect(exactConfig({ ...gpt2, heads: 1 } as BaseConfig, merged)).toMatchObject({ width: 12, heads: 1 })
  expect(exactConfig(smallBert, merged)).toEqual({ ...smallBert, width: 12 })
  // A head of width 4 has room for 4 of 6 coordinates; a Qwen2 needs a seventh, for a constant.
  expect(exactConfig(smallLlama, factored)).toEqual({ ...smallLlama, heads: 8, keyHeads: 4 })
  expect(exactConfig({ ...qwen2, width: 8 } as BaseConfig, factored)).toMatchObject({
    heads: 12,
    keyHeads: 6,
    width: 8,
  })
  expect(exactBytes(gpt2Shapes['gpt2-small'], merged)).toBeGreaterThan(4 * 2 ** 30)
})

test('rotary heads have no exact form, and the message says why', async () => {
  const choice = { attention: 'rotary', dense: 'none' } as const
  const { merged } = noisyPairs(runner, smallLlama, choice, randomWeights(smallLlama), 0)
  await expect(denseTwin(merged, 'exact')).rejects.toThrow(
    '"heads" expected factored for rotary heads of pairs, got exact: each of their frequencies has matrices of full rank',
  )
})

test('heads are told one by one', async () => {
  for (const form of ['exact', 'factored'] as const) {
    const { merged } = noisyPairs(
      runner,
      smallLlama,
      { attention: 'factored', dense: 'none' },
      randomWeights(smallLlama),
      0,
    )
    const told: number[][] = []
    await denseTwin(merged, form, (...done) => told.push(done))
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((done) => [done, 8]))
  }
})
