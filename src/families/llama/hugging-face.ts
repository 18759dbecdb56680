import type { ConfigReader, HuggingFaceLayout } from '../layout.js'
import { recipesOf } from '../recipe.js'
import type { LlamaConfig } from './config.js'
import { llamaParameters } from './parameters.js'

const activations = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  relu: 'relu',
} as const

/**
 * `model_type` llama, and those that differ from it by fields: mistral without a sliding window, qwen2, whose query, key and value have
 * biases. What is written is a llama where its keys can say it, else a qwen2.
 */
export const llamaHuggingFace: HuggingFaceLayout<LlamaConfig> = {
  modelTypes: ['llama', 'mistral', 'qwen2'],
  defaultTokens: { llama: { bos: 1, eos: 2 }, mistral: { bos: 1, eos: 2 } },
  architectures: [
    'LlamaForCausalLM',
    'MistralForCausalLM',
    'Qwen2ForCausalLM',
    'LlamaModel',
    'MistralModel',
    'Qwen2Model',
  ],
  fixed: { is_encoder_decoder: false, pretraining_tp: 1, partial_rotary_factor: 1, num_local_experts: 0 },
  withoutEffect: `attention_dropout max_window_layers layer_types rope_type qkv_bias`.split(/\s+/),
  read,
  write,
  tensors: (config) => recipesOf(llamaParameters(config), (name) => (name === 'lm_head' ? name : `model.${name}`)),
  fullName(stored) {
    const own = stored.replace(/^(?:(?:module|model)\.(?=(?:module|model|lm_head)\.))*(?:module\.)?/, '')
    return /^(?:embed_tokens|layers\.\d+|norm)\./.test(own) ? `model.${own}` : own
  },
  isPassedOver: (name) => name.endsWith('.rotary_emb.inv_freq'),
  isOfAnotherModel: (name) => /^(?:model|lm_head)\./.test(name),
}

function read(reader: ConfigReader, type: string): LlamaConfig {
  const heads = reader.size('num_attention_heads')
  const width = reader.size('hidden_size')
  checkWindow(reader, type)
  if (reader.value('head_dim') === undefined && width % heads !== 0) {
    reader.refuse(`num_attention_heads ${heads} does not divide hidden_size ${width}, and there is no head_dim`)
  }
  const headWidth = reader.size('head_dim', { fallback: width / heads })
  const keyHeads = reader.size('num_key_value_heads', {
    fallback: type === 'mistral' ? 8 : type === 'qwen2' ? 32 : heads,
  })
  if (heads % keyHeads !== 0) {
    reader.refuse(`num_key_value_heads ${keyHeads} does not divide num_attention_heads ${heads}`)
  }
  if (headWidth % 2 !== 0) reader.refuse(`head_dim ${headWidth} is odd, and rotary positions turn pairs`)
  const bias = type === 'llama' && reader.flag('attention_bias', false)
  return {
    family: 'llama',
    layers: reader.size('num_hidden_layers'),
    width,
    heads,
    keyHeads,
    headWidth,
    inner: reader.size('intermediate_size'),
    positions: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    activation: reader.word('hidden_act', activations, 'silu'),
    normEpsilon: reader.positive('rms_norm_eps', 1e-6),
    ropeTheta: theta(reader),
    inputBias: bias || type === 'qwen2',
    outputBias: bias,
    feedForwardBias: type === 'llama' && reader.flag('mlp_bias', false),
    tiedHead: reader.flag('tie_word_embeddings', false),
  }
}

/** Refuses a sliding window. Qwen2 has one where `use_sliding_window` says so, Mistral wherever it is not null (4096 by default). */
function checkWindow(reader: ConfigReader, type: string): void {
  const window = reader.peek('sliding_window')
  reader.value('sliding_window')
  const used = reader.flag('use_sliding_window', false)
  const kinds = reader.value('layer_types')
  if (Array.isArray(kinds) && kinds.some((kind) => kind !== 'full_attention')) {
    reader.refuse(
      `layer_types with ${JSON.stringify(kinds.find((kind) => kind !== 'full_attention'))} are not supported`,
    )
  }
  if (type === 'mistral' && window !== null) {
    reader.refuse(
      `sliding_window ${window === undefined ? '4096 (the default)' : JSON.stringify(window)} is not supported`,
    )
  }
  if (used && window !== null && window !== undefined)
    reader.refuse(`sliding_window ${JSON.stringify(window)} is not supported`)
}

/** The base of the frequencies: `rope_theta`, since transformers 5 a part of `rope_parameters`. Scaled rotations are refused. */
function theta(reader: ConfigReader): number {
  let base: number | undefined
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const found = reader.value(key)
    if (found === undefined) continue
    if (typeof found !== 'object' || found === null || Array.isArray(found)) {
      reader.refuse(`${key} expected an object, got ${JSON.stringify(found)}`)
    }
    const { rope_type, type, rope_theta, ...rest } = found as Record<string, unknown>
    const kind = rope_type ?? type ?? 'default'
    if (kind !== 'default') reader.refuse(`${key} of the type ${JSON.stringify(kind)} is not supported`)
    const other = Object.keys(rest).find(
      (name) => rest[name] !== null && !(name === 'partial_rotary_factor' && rest[name] === 1),
    )
    if (other !== undefined) reader.refuse(`${key}.${other} ${JSON.stringify(rest[other])} is not supported`)
    if (rope_theta === undefined) continue
    if (typeof rope_theta !== 'number' || !(rope_theta > 0 && Number.isFinite(rope_theta))) {
      reader.refuse(`${key}.rope_theta expected a number > 0, got ${JSON.stringify(rope_theta)}`)
    }
    base = rope_theta
  }
  const own = reader.positive('rope_theta', base ?? 10000)
  return base ?? own
}

function write(config: LlamaConfig): Record<string, unknown> {
  const isQwen = config.inputBias && !config.outputBias
  return {
    architectures: [isQwen ? 'Qwen2ForCausalLM' : 'LlamaForCausalLM'],
    model_type: isQwen ? 'qwen2' : 'llama',
    num_hidden_layers: config.layers,
    hidden_size: config.width,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headWidth,
    intermediate_size: config.inner,
    max_position_embeddings: config.positions,
    vocab_size: config.vocabulary,
    hidden_act: config.activation === 'gelu_new' ? 'gelu_pytorch_tanh' : config.activation,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.ropeTheta,
    rope_scaling: null,
    ...(isQwen
      ? { use_sliding_window: false }
      : { attention_bias: config.inputBias, mlp_bias: config.feedForwardBias, pretraining_tp: 1 }),
    tie_word_embeddings: config.tiedHead,
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
  }
}
