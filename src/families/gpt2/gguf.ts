import type { GgufLayout, GgufRecipe } from '../gguf-layout.js'
import { heldRecipe, linearRecipes } from '../gguf-recipe.js'
import type { Gpt2Config } from './config.js'

/** llama.cpp's architecture gpt2: queries, keys and values are rows of one tensor; its only activation is GELU's tanh form. */
export const gpt2Gguf: GgufLayout<Gpt2Config> = {
  architectures: ['gpt2'],
  architectureOf: () => 'gpt2',
  whyNot: ({ activation }) =>
    activation === 'gelu_new'
      ? undefined
      : `llama.cpp runs a GPT-2 with the activation gelu_new alone, and this one has ${activation}`,
  write: (config) => [
    ['context_length', 'uint32', config.positions],
    ['embedding_length', 'uint32', config.width],
    ['feed_forward_length', 'uint32', config.inner],
    ['block_count', 'uint32', config.layers],
    ['attention.head_count', 'uint32', config.heads],
    ['attention.layer_norm_epsilon', 'float32', config.layerNormEpsilon],
    ['vocab_size', 'uint32', config.vocabulary],
  ],
  read(keys) {
    const [vocabulary] = keys.shapeOf('token_embd.weight') ?? keys.refuse('tensor token_embd.weight is missing')
    const heads = keys.size('attention.head_count')
    keys.expect('attention.head_count_kv', heads)
    return {
      layers: keys.size('block_count'),
      width: keys.size('embedding_length'),
      heads,
      inner: keys.size('feed_forward_length'),
      positions: keys.size('context_length'),
      vocabulary,
      activation: 'gelu_new',
      layerNormEpsilon: keys.positive('attention.layer_norm_epsilon'),
      tiedHead: keys.shapeOf('output.weight') === undefined,
    }
  },
  withoutEffect: ['vocab_size'],
  tensors,
}

function tensors({ layers, width: d, inner, positions, vocabulary, tiedHead }: Gpt2Config): GgufRecipe[] {
  const norm = (name: string, parameter: string): GgufRecipe[] =>
    ['weight', 'bias'].map((end) => heldRecipe(`${name}.${end}`, `${parameter}.${end}`, [d]))
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const [name, own] = [`blk.${layer}`, `h.${layer}`]
    const inputs = ['q', 'k', 'v'].map((part) => `${own}.attn.${part}`)
    return [
      ...norm(`${name}.attn_norm`, `${own}.ln_1`),
      ...linearRecipes(`${name}.attn_qkv`, inputs, [3 * d, d], true),
      ...linearRecipes(`${name}.attn_output`, [`${own}.attn.c_proj`], [d, d], true),
      ...norm(`${name}.ffn_norm`, `${own}.ln_2`),
      ...linearRecipes(`${name}.ffn_up`, [`${own}.mlp.c_fc`], [inner, d], true),
      ...linearRecipes(`${name}.ffn_down`, [`${own}.mlp.c_proj`], [d, inner], true),
    ]
  })
  return [
    heldRecipe('token_embd.weight', 'wte', [vocabulary, d]),
    heldRecipe('position_embd.weight', 'wpe', [positions, d]),
    ...blocks.flat(),
    ...norm('output_norm', 'ln_f'),
    ...(tiedHead ? [] : [heldRecipe('output.weight', 'lm_head', [vocabulary, d])]),
  ]
}
