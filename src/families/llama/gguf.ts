import type { GgufKeys, GgufLayout, GgufRecipe } from '../gguf-layout.js'
import { heldRecipe, linearRecipes } from '../gguf-recipe.js'
import type { LlamaConfig } from './config.js'

/**
 * llama.cpp's architectures llama, whose rotation turns neighbouring rows of a head, and qwen2, whose rotation turns its halves against each other as
 * here, and whose queries, keys and values alone have biases. A Mistral is a llama there. Both have the activation silu alone.
 */
export const llamaGguf: GgufLayout<LlamaConfig> = {
  architectures: ['llama', 'qwen2'],
  architectureOf: ({ inputBias, outputBias, feedForwardBias, heads, headWidth, width }) =>
    inputBias && !outputBias && !feedForwardBias && heads * headWidth === width ? 'qwen2' : 'llama',
  whyNot: ({ activation }) =>
    activation === 'silu'
      ? undefined
      : `llama.cpp runs a Llama with the activation silu alone, and this one has ${activation}`,
  write: (config) => [
    ['context_length', 'uint32', config.positions],
    ['embedding_length', 'uint32', config.width],
    ['feed_forward_length', 'uint32', config.inner],
    ['block_count', 'uint32', config.layers],
    ['attention.head_count', 'uint32', config.heads],
    ['attention.head_count_kv', 'uint32', config.keyHeads],
    ['attention.key_length', 'uint32', config.headWidth],
    ['attention.value_length', 'uint32', config.headWidth],
    ['attention.layer_norm_rms_epsilon', 'float32', config.normEpsilon],
    ['rope.dimension_count', 'uint32', config.headWidth],
    ['rope.freq_base', 'float32', config.ropeTheta],
    ['vocab_size', 'uint32', config.vocabulary],
  ],
  read,
  withoutEffect: ['vocab_size', 'rope.scaling.finetuned', 'rope.scaling.original_context_length', 'tensor_data_layout'],
  tensors,
}

function read(keys: GgufKeys): LlamaConfig {
  const has = (tensor: string) => keys.shapeOf(tensor) !== undefined
  const [vocabulary] = keys.shapeOf('token_embd.weight') ?? keys.refuse('tensor token_embd.weight is missing')
  const width = keys.size('embedding_length')
  const heads = keys.size('attention.head_count')
  const headWidth = keys.size('attention.key_length', width % heads === 0 ? width / heads : undefined)
  for (const key of ['attention.value_length', 'rope.dimension_count']) keys.expect(key, headWidth)
  for (const key of ['expert_count', 'expert_used_count', 'attention.sliding_window']) keys.expect(key, 0)
  keys.expect('rope.scaling.type', 'none')
  keys.expect('rope.scaling.factor', 0, 1)
  keys.expect('attention.causal', true)
  return {
    family: 'llama',
    layers: keys.size('block_count'),
    width,
    heads,
    keyHeads: keys.size('attention.head_count_kv', heads),
    headWidth,
    inner: keys.size('feed_forward_length'),
    positions: keys.size('context_length'),
    vocabulary,
    activation: 'silu',
    normEpsilon: keys.positive('attention.layer_norm_rms_epsilon'),
    ropeTheta: keys.positive('rope.freq_base', 10000),
    inputBias: has('blk.0.attn_q.bias'),
    outputBias: has('blk.0.attn_output.bias'),
    feedForwardBias: has('blk.0.ffn_up.bias'),
    tiedHead: !has('output.weight'),
  }
}

function tensors(config: LlamaConfig, architecture: string): GgufRecipe[] {
  const { layers, width: d, heads, keyHeads, headWidth: D, inner, vocabulary } = config
  const alternating = (count: number) => (architecture === 'llama' ? count : undefined)
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const [name, own] = [`blk.${layer}`, `layers.${layer}`]
    const input = (part: string, count: number, alternate?: number) =>
      linearRecipes(
        `${name}.attn_${part}`,
        [`${own}.self_attn.${part}_proj`],
        [count * D, d],
        config.inputBias,
        alternate,
      )
    const forward = (part: string, shape: readonly [number, number]) =>
      linearRecipes(`${name}.ffn_${part}`, [`${own}.mlp.${part}_proj`], shape, config.feedForwardBias)
    return [
      heldRecipe(`${name}.attn_norm.weight`, `${own}.input_layernorm.weight`, [d]),
      ...input('q', heads, alternating(heads)),
      ...input('k', keyHeads, alternating(keyHeads)),
      ...input('v', keyHeads),
      ...linearRecipes(`${name}.attn_output`, [`${own}.self_attn.o_proj`], [d, heads * D], config.outputBias),
      heldRecipe(`${name}.ffn_norm.weight`, `${own}.post_attention_layernorm.weight`, [d]),
      ...forward('gate', [inner, d]),
      ...forward('up', [inner, d]),
      ...forward('down', [d, inner]),
    ]
  })
  return [
    heldRecipe('token_embd.weight', 'embed_tokens', [vocabulary, d]),
    ...blocks.flat(),
    heldRecipe('output_norm.weight', 'norm.weight', [d]),
    ...(config.tiedHead ? [] : [heldRecipe('output.weight', 'lm_head', [vocabulary, d])]),
  ]
}
