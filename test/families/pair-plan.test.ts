import { expect, test } from 'vitest'
import type { BertConfig } from '../../src/families/bert/config.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import { defaultAttention, denseParameters, pairPlans, queriesOfUnit } from '../../src/families/pair-plan.js'

const gpt2: Gpt2Config = {
  layers: 2,
  width: 6,
  heads: 3,
  inner: 10,
  positions: 5,
  vocabulary: 300,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: false,
}
const llama: LlamaConfig = {
  family: 'llama',
  layers: 1,
  width: 6,
  heads: 4,
  keyHeads: 2,
  headWidth: 4,
  inner: 10,
  positions: 5,
  vocabulary: 9,
  activation: 'silu',
  normEpsilon: 1e-5,
  ropeTheta: 10000,
  inputBias: false,
  outputBias: false,
  feedForwardBias: false,
  tiedHead: true,
}
const bert: BertConfig = {
  family: 'bert',
  layers: 1,
  width: 6,
  heads: 2,
  inner: 10,
  positions: 5,
  vocabulary: 9,
  types: 2,
  activation: 'gelu',
  layerNormEpsilon: 1e-12,
}

const sizes = (plans: ReturnType<typeof pairPlans>) =>
  plans.map(({ name, part, inputs, outputs }) => `${name} ${part} ${inputs} ${outputs}`)

test('with dense embeddings the pairs of GPT-2 are those of old, in their order', () => {
  for (const tiedHead of [false, true]) {
    const config = { ...gpt2, tiedHead }
    const plans = pairPlans(config, { attention: 'merged', dense: 'embeddings' })
    const { width: d, inner, layers, heads, vocabulary } = config
    const blocks = Array.from({ length: layers }, (_, layer) => [
      ...Array.from({ length: heads }, (_, head) => [
        `h.${layer}.attn.${head}.qk ${d + 1} ${d + 1}`,
        `h.${layer}.attn.${head}.vo ${d + 1} ${d}`,
      ]).flat(),
      `h.${layer}.mlp.c_fc ${d + 1} ${inner}`,
      `h.${layer}.mlp.c_proj ${inner + 1} ${d}`,
    ])
    const head = tiedHead ? [] : [`lm_head ${d} ${vocabulary}`]
    expect(plans.map(({ name, inputs, outputs }) => `${name} ${inputs} ${outputs}`)).toEqual([
      ...blocks.flat(),
      ...head,
    ])
  }
})

test('an embedding is cut into blocks of at most 128 rows, a final norm folds into a head of its own', () => {
  const plans = sizes(pairPlans({ ...gpt2, layers: 1, heads: 1 }, { attention: 'factored', dense: 'none' }))
  expect(plans).toEqual([
    'wte.0 table 128 6',
    'wte.1 table 128 6',
    'wte.2 table 44 6',
    'wpe.0 table 5 6',
    'h.0.attn.q linear 7 6',
    'h.0.attn.k linear 7 6',
    'h.0.attn.0.vo value-output 7 6',
    'h.0.mlp.c_fc linear 7 10',
    'h.0.mlp.c_proj linear 11 6',
    'lm_head linear 7 300',
  ])
})

test('a norm that a tied head or a residual reads is a diagonal and a shift', () => {
  const tied = { ...gpt2, layers: 1, heads: 1, tiedHead: true, vocabulary: 3 }
  expect(sizes(pairPlans(tied, { attention: 'merged', dense: 'none' })).slice(-2)).toEqual([
    'ln_f.weight diagonal 6 1',
    'ln_f.bias shift 1 6',
  ])
  expect(sizes(pairPlans(bert, { attention: 'merged', dense: 'none' }))).toEqual([
    'embeddings.word.0 table 9 6',
    'embeddings.type.0 table 2 6',
    'embeddings.position.0 table 5 6',
    'embeddings.norm.weight diagonal 6 1',
    'embeddings.norm.bias shift 1 6',
    'layer.0.attention.0.qk query-key 7 7',
    'layer.0.attention.0.vo value-output 7 6',
    'layer.0.attention.1.qk query-key 7 7',
    'layer.0.attention.1.vo value-output 7 6',
    'layer.0.attention.norm.weight diagonal 6 1',
    'layer.0.attention.norm.bias shift 1 6',
    'layer.0.intermediate linear 7 10',
    'layer.0.output linear 11 6',
    'layer.0.norm.weight diagonal 6 1',
    'layer.0.norm.bias shift 1 6',
  ])
})

test('rotary attention has a pair a head and frequency, whose second matrix has the keys of A and B; no constant without a bias', () => {
  expect(sizes(pairPlans(llama, { attention: 'rotary', dense: 'none' }))).toEqual([
    'embed_tokens.0 table 9 6',
    ...[0, 1, 2, 3].flatMap((head) => [
      `layers.0.self_attn.${head}.qk.0 rotary 6 12`,
      `layers.0.self_attn.${head}.qk.1 rotary 6 12`,
      `layers.0.self_attn.${head}.vo value-output 6 6`,
    ]),
    'layers.0.mlp.gate_proj linear 6 10',
    'layers.0.mlp.up_proj linear 6 10',
    'layers.0.mlp.down_proj linear 10 6',
    'norm.weight diagonal 6 1',
  ])
  const biased = pairPlans({ ...llama, inputBias: true } as LlamaConfig, { attention: 'rotary', dense: 'none' })
  expect(sizes(biased)[1]).toBe('layers.0.self_attn.0.qk.0 rotary 7 14')
  const factored = sizes(pairPlans(llama, { attention: 'factored', dense: 'embeddings' }))
  expect(factored.slice(0, 3)).toEqual([
    'layers.0.self_attn.q_proj linear 6 16',
    'layers.0.self_attn.k_proj linear 6 8',
    'layers.0.self_attn.0.vo value-output 6 6',
  ])
})

test('a source of rotary attention counts the query coordinates of all frequencies', () => {
  const [, rotary] = pairPlans(llama, { attention: 'rotary', dense: 'none' })
  const [merged, values] = pairPlans(gpt2, { attention: 'merged', dense: 'embeddings' })
  expect([rotary, merged, values].map(queriesOfUnit)).toEqual([4, 1, undefined])
})

test('what stays dense is named', () => {
  expect(denseParameters(gpt2, 'none')).toEqual([])
  expect(denseParameters({ ...gpt2, layers: 1 }, 'embeddings').map(({ name }) => name)).toEqual(
    'wte wpe h.0.ln_1.weight h.0.ln_1.bias h.0.ln_2.weight h.0.ln_2.bias ln_f.weight ln_f.bias'.split(' '),
  )
})

test('a construction of attention that does not suit the family is refused by name', () => {
  expect([gpt2, llama, bert].map((config) => defaultAttention(config))).toEqual(['merged', 'factored', 'merged'])
  expect(() => pairPlans(gpt2, { attention: 'rotary', dense: 'none' })).toThrow(
    new RangeError('"attention" expected merged or factored for GPT-2, got "rotary"'),
  )
  expect(() => pairPlans(llama, { attention: 'merged', dense: 'none' })).toThrow(
    new RangeError('"attention" expected factored or rotary for Llama, got "merged"'),
  )
  expect(() => pairPlans(gpt2, { attention: 'merged', dense: 'norms' as 'none' })).toThrow(
    new RangeError('"dense" expected none or embeddings, got "norms"'),
  )
})

test('the plan of a deep model takes steps in proportion to its layers', () => {
  // With a search of the whole tape for every step 2,000 layers took over a minute.
  const deep = { ...llama, layers: 2000, heads: 1, keyHeads: 1, tiedHead: true }
  const plans = pairPlans(deep, { attention: 'factored', dense: 'none' })
  expect(plans.length).toBe(2 + 2000 * 6)
})
