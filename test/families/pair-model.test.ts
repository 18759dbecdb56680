/** The literal network and the target matrices, held against a dense network: pairs whose product is the target to the last bits. */
import { expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BaseConfig } from '../../src/families/config.js'
import { createPlainDecoder } from '../../src/families/generate.js'
import { createPairModel, type PairWeights } from '../../src/families/pair-model.js'
import { denseParameters, type PairChoice, type PairPlan, pairPlans } from '../../src/families/pair-plan.js'
import { pairTarget } from '../../src/families/pair-target.js'
import type { ModelWeights } from '../../src/families/weights.js'
import { denseResult, randomWeights, smallBert, smallGpt2, smallLlama } from './small-models.js'

const runner = createGraphRunner()

/** Two hidden units an input: they carry the target times 2 and times -1, and scores are divided by 3. */
function exactPairs(config: BaseConfig, choice: PairChoice, weights: ModelWeights): PairWeights {
  const plans = new Map(pairPlans(config, choice).map((plan) => [plan.name, plan]))
  const parts = (plan: PairPlan) => {
    const { inputs, outputs } = plan
    const divisor = plan.part === 'query-key' || plan.part === 'rotary' ? 3 : 1
    const target = pairTarget(plan, weights)
    const second = new Float32Array(2 * inputs * outputs)
    for (let unit = 0; unit < 2 * inputs; unit++) {
      for (let i = 0; i < outputs; i++) {
        second[unit * outputs + i] = target[(unit >> 1) * outputs + i] * divisor * (unit % 2 === 0 ? 2 : -1)
      }
    }
    return { inputs, outputs, hidden: 2 * inputs, divisor, second }
  }
  return {
    async matrices(name) {
      const pair = parts(plans.get(name)!)
      const first = new Float32Array(pair.inputs * pair.hidden)
      for (let unit = 0; unit < pair.hidden; unit++) first[(unit >> 1) * pair.hidden + unit] = 1
      return { ...pair, first }
    },
    async units(name, inputs) {
      const { outputs, second } = parts(plans.get(name)!)
      const units = [...inputs].flatMap((input) => [2 * input, 2 * input + 1])
      return {
        coordinate: Uint16Array.from(units, (unit) => unit >> 1),
        first: new Float32Array(units.length).fill(1),
        second: Float32Array.from(units.flatMap((unit) => [...second.subarray(unit * outputs, (unit + 1) * outputs)])),
      }
    },
  }
}

const tokensOf = (config: BaseConfig, count: number) =>
  Int32Array.from({ length: count }, (_, i) => (i * 37 + 5) % config.vocabulary)

async function differenceOf(
  config: BaseConfig,
  choice: PairChoice,
  inputs: { mask?: Float32Array; types?: Int32Array } = {},
  change: (weights: ModelWeights) => ModelWeights = (weights) => weights,
) {
  const weights = change(randomWeights(config))
  const dense = new Map(denseParameters(config, choice.dense).map(({ name }) => [name, weights.get(name)!]))
  const model = createPairModel({ runner, config, choice, dense, weights: exactPairs(config, choice, weights) })
  try {
    const tokens = tokensOf(config, 14)
    const wanted = await denseResult(config, weights, tokens, [2, 7], inputs)
    const found = config.family === 'bert' ? await model.hidden(tokens, 2, 7, inputs) : await model.logits(tokens, 2, 7)
    expect(found.length).toBe(wanted.length)
    const kept = inputs.mask
    const spread = Math.max(...wanted.map(Math.abs))
    return (
      Math.max(
        ...wanted.map((value, i) =>
          kept && kept[Math.floor(i / config.width)] === 0 ? 0 : Math.abs(value - found[i]),
        ),
      ) / spread
    )
  } finally {
    await model.release()
  }
}

const biased = { inputBias: true, outputBias: true, feedForwardBias: true }
const cases: [string, BaseConfig, PairChoice['attention']][] = [
  ['GPT-2', smallGpt2, 'merged'],
  ['GPT-2 with factors', smallGpt2, 'factored'],
  ['GPT-2 with a tied head', { ...smallGpt2, tiedHead: true } as BaseConfig, 'merged'],
  ['a Llama', smallLlama, 'factored'],
  ['a Llama, rotary', smallLlama, 'rotary'],
  ['a Llama with biases and a head', { ...smallLlama, ...biased, tiedHead: false } as BaseConfig, 'factored'],
  ['a Llama with biases, rotary', { ...smallLlama, ...biased } as BaseConfig, 'rotary'],
  ['a BERT', smallBert, 'merged'],
  ['a BERT with factors', smallBert, 'factored'],
]

test.each(cases)('pairs of %s compute what the dense network computes', async (_, config, attention) => {
  for (const dense of ['none', 'embeddings'] as const) {
    expect(await differenceOf(config, { attention, dense })).toBeLessThan(2e-6)
  }
})

test.each(cases.filter(([, { family }]) => family !== 'bert'))(
  'token by token, what the heads of %s have read is kept: the same logits, beyond the context too',
  async (_, own, attention) => {
    const config: BaseConfig = { ...own, positions: 4 }
    const weights = randomWeights(config)
    for (const kept of own === smallGpt2 ? (['none', 'embeddings'] as const) : (['none'] as const)) {
      const choice = { attention, dense: kept }
      const dense = new Map(denseParameters(config, kept).map(({ name }) => [name, weights.get(name)!]))
      const model = createPairModel({ runner, config, choice, dense, weights: exactPairs(config, choice, weights) })
      const plain = createPlainDecoder(model)
      const decoder = model.createDecoder()
      const tokens = [...tokensOf(config, 7)]
      for (const count of kept === 'none' ? [3] : [1]) {
        let wanted = await plain.read(tokens.slice(0, count))
        let found = await decoder.read(tokens.slice(0, count))
        for (const token of tokens.slice(count)) {
          expect(found.length).toBe(config.vocabulary)
          const spread = Math.max(...wanted.map(Math.abs))
          expect(Math.max(...wanted.map((value, i) => Math.abs(value - found[i]))) / spread).toBeLessThan(2e-6)
          wanted = await plain.append(token)
          found = await decoder.append(token)
        }
      }
      await model.release()
    }
  },
)

test('an encoder has no decoder', () => {
  const choice = { attention: 'merged', dense: 'none' } as const
  const weights = exactPairs(smallBert, choice, randomWeights(smallBert))
  const model = createPairModel({ runner, config: smallBert, choice, dense: new Map(), weights })
  expect(() => model.createDecoder()).toThrow(new RangeError('BERT is an encoder, which continues no text'))
})

test('an encoder sees types of tokens, and no padding', async () => {
  const mask = Float32Array.from({ length: 14 }, (_, i) => (i % 7 < 5 ? 1 : 0))
  const types = Int32Array.from({ length: 14 }, (_, i) => (i % 7 < 3 ? 0 : 1))
  for (const attention of ['merged', 'factored'] as const) {
    expect(await differenceOf(smallBert, { attention, dense: 'none' }, { mask, types })).toBeLessThan(2e-6)
  }
})

test('weights without biases and norms are pruned as zeros and ones', async () => {
  const bare = (weights: ModelWeights) => new Map([...weights].filter(([name]) => !/norm|ln_|bias/.test(name)))
  for (const config of [smallLlama, { ...smallGpt2, tiedHead: true }]) {
    const attention = config === smallLlama ? 'rotary' : 'merged'
    expect(await differenceOf(config, { attention, dense: 'none' }, {}, bare)).toBeLessThan(2e-6)
  }
})

test('attention probabilities are seen head by head, later tokens having none', async () => {
  const weights = randomWeights(smallLlama)
  const choice = { attention: 'rotary', dense: 'none' } as const
  const seen: string[] = []
  const model = createPairModel({
    runner,
    config: smallLlama,
    choice,
    dense: new Map(),
    weights: exactPairs(smallLlama, choice, weights),
    onAttention(layer, head, { dims, data }) {
      seen.push(`${layer}.${head}`)
      expect(dims).toEqual([1, 3, 3])
      expect([data[1], data[2], data[5]]).toEqual([0, 0, 0])
      expect((data[6] as number) + (data[7] as number) + (data[8] as number)).toBeCloseTo(1, 5)
    },
  })
  await model.logits(Int32Array.of(1, 2, 3), 1, 3)
  await model.release()
  expect(seen).toEqual(['0.0', '0.1', '0.2', '0.3', '1.0', '1.1', '1.2', '1.3'])
})

test('what does not fit is refused by name', async () => {
  const choice = { attention: 'merged', dense: 'none' } as const
  const weights = randomWeights(smallGpt2)
  const pairs = exactPairs(smallGpt2, choice, weights)
  const options = { runner, config: smallGpt2, choice, dense: new Map(), weights: pairs }
  const lame = createPairModel({
    ...options,
    weights: { ...pairs, matrices: async (name) => ({ ...(await pairs.matrices(name)), outputs: 4 }) },
  })
  await expect(lame.logits(Int32Array.of(1), 1, 1)).rejects.toThrow(
    'pair h.0.attn.0.qk expected 7 inputs and 7 outputs, got 7 and 4',
  )
  await lame.release()
  const model = createPairModel(options)
  await expect(model.hidden(Int32Array.of(1), 1, 1)).rejects.toThrow('GPT-2 gives logits of a next token')
  await expect(model.logits(Int32Array.of(300), 1, 1)).rejects.toThrow('token 0 expected 0 <= token < 300, got 300')
  expect(() => createPairModel({ ...options, choice: { attention: 'merged', dense: 'embeddings' } })).toThrow(
    'weights lack wte [300,6]',
  )
  const encoder = createPairModel({ ...options, config: smallBert })
  const types = Int32Array.of(2)
  await expect(encoder.hidden(Int32Array.of(1), 1, 1, { types })).rejects.toThrow(
    'type 0 expected 0 <= type < 2, got 2',
  )
})
