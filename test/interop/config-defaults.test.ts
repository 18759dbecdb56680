// What transformers takes for granted where a config.json does not say, and what it refuses.
import { describe, expect, test } from 'vitest'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import { llamaHuggingFace } from '../../src/families/llama/hugging-face.js'
import { readModelConfig } from '../../src/interop/hugging-face-config.js'

const sizes = {
  num_hidden_layers: 2,
  hidden_size: 16,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 24,
  vocab_size: 40,
  max_position_embeddings: 32,
}
const llama = { model_type: 'llama', ...sizes }
const mistral = { model_type: 'mistral', ...sizes, sliding_window: null }
const qwen2 = { model_type: 'qwen2', ...sizes }
const bert = { model_type: 'bert', ...sizes }

const read = (json: object) => readModelConfig(JSON.stringify(json), 'config.json')
const configOf = (json: object) => read(json).config as LlamaConfig

describe('the base of rotary positions', () => {
  test.each([
    [{}, 10000],
    [{ rope_theta: 50 }, 50],
    [{ rope_theta: 50, rope_parameters: { rope_type: 'default', rope_theta: 20 } }, 20],
    [{ rope_theta: 50, rope_parameters: { rope_type: 'default' } }, 50],
    [{ rope_theta: 50, rope_scaling: {}, rope_parameters: { rope_theta: 20 } }, 20],
    [{ rope_scaling: { rope_type: 'default', rope_theta: 20 } }, 20],
    [{ rope_scaling: { type: 'default', rope_theta: 20 }, rope_parameters: { rope_theta: 20 } }, 20],
    [{ rope_theta: null, rope_parameters: { rope_theta: 20 } }, 20],
  ])('of %j is %d', (keys, base) => expect(configOf({ ...llama, ...keys }).ropeTheta).toBe(base))

  const parameters = { rope_type: 'default', rope_theta: 20 }
  test.each([
    [{ rope_scaling: { rope_theta: 50 }, rope_parameters: parameters }, 'different bases, 50 and 20'],
    [{ rope_scaling: { rope_type: 'default' }, rope_parameters: parameters }, 'different bases, 10000 and 20'],
    [{ rope_theta: null }, 'rope_theta expected a number > 0, got null'],
  ])('%j is refused: %s', (keys, reason) => expect(() => read({ ...llama, ...keys })).toThrow(reason))
})

describe('a sliding window', () => {
  test.each([
    ['a Qwen2 that uses that of 4096', { ...qwen2, use_sliding_window: true }, 'sliding_window 4096 (the default)'],
    ['a Qwen2 that uses its own', { ...qwen2, use_sliding_window: true, sliding_window: 8 }, 'sliding_window 8'],
    ['a Mistral that says nothing', { ...mistral, sliding_window: undefined }, 'sliding_window 4096 (the default)'],
    ['a Llama, which is generated from with it', { ...llama, sliding_window: 3 }, 'sliding_window 3'],
    ['one layer', { ...llama, layer_types: ['full_attention', 'sliding_attention'] }, '"sliding_attention"'],
  ])('of %s is refused', (_, json, reason) => expect(() => read(json)).toThrow(`${reason}`))

  test.each([
    ['a Qwen2 that does not use it', { ...qwen2, sliding_window: 8 }],
    ['a Qwen2 whose window is null', { ...qwen2, use_sliding_window: true, sliding_window: null }],
    ['a Mistral whose window is null', mistral],
    ['layers of full attention', { ...llama, layer_types: ['full_attention', 'full_attention'] }],
  ])('is none in %s', (_, json) => expect(read(json).warnings).toEqual([]))
})

describe('what transformers refuses is refused', () => {
  test.each([
    [{ ...llama, layer_types: ['full_attention'] }, 'layer_types expected a list of num_hidden_layers, 2'],
    [{ ...llama, layer_types: 3 }, 'layer_types expected a list of num_hidden_layers, 2, got 3'],
    [{ ...llama, attention_bias: null }, 'attention_bias null'],
    [{ ...llama, tie_word_embeddings: null }, 'tie_word_embeddings null'],
    [{ ...llama, rms_norm_eps: null }, 'rms_norm_eps null'],
    [{ ...llama, hidden_act: null }, 'hidden_act null'],
    [{ ...bert, type_vocab_size: null }, 'type_vocab_size expected an integer >= 1, got null'],
    [{ ...mistral, num_key_value_heads: null }, 'num_key_value_heads expected an integer >= 1, got null'],
  ])('%j', (json, reason) => expect(() => read(json)).toThrow(reason))

  test.each([
    ['llama', llama],
    ['qwen2', qwen2],
  ])('but in a %s null key heads are as many as heads, and a null head_dim is d / H', (_, json) =>
    expect(configOf({ ...json, num_key_value_heads: null, head_dim: null })).toMatchObject({
      keyHeads: 4,
      headWidth: 4,
    }),
  )
})

test.each([
  ['llama', {}, llama],
  ['mistral', {}, { ...llama, num_attention_heads: 6, head_dim: 4 }],
  ['llama', { outputBias: true }, { ...llama, attention_bias: true }],
  ['qwen2', { outputBias: false }, { ...qwen2, num_attention_heads: 6, head_dim: 4 }],
])('what is written is a %s %j, which transformers 5 loads, and is read as the same', (type, has, json) => {
  const config = configOf(json)
  const written = llamaHuggingFace.write(config)
  expect(written).toMatchObject({
    model_type: type,
    architectures: [expect.stringMatching(new RegExp(`^${type}`, 'i'))],
  })
  expect(config).toMatchObject(has)
  expect(configOf(written)).toEqual(config)
})
