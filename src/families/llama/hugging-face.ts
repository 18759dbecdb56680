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
 * biases. What is written is a llama where its keys can say it, else a qwen2; and a mistral where transformers 5 refuses a llama, whose heads
 * must divide its width though head_dim says how wide they are.
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
  withoutEffect: `attention_dropout max_window_layers rope_type qkv_bias`.split(/\s+/),
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
  const layers = reader.size('num_hidden_layers')
  checkWindow(reader, type, layers)
  if (reader.value('head_dim') === undefined && width % heads !== 0) {
    reader.refuse(`num_attention_heads ${heads} does not divide hidden_size ${width}, and there is no head_dim`)
  }
  const headWidth = reader.size('head_dim', { fallback: width / heads, whereNull: width / heads })
  const keyHeads = reader.size('num_key_value_heads', {
    fallback: type === 'mistral' ? 8 : type === 'qwen2' ? 32 : heads,
    ...(type !== 'mistral' && { whereNull: heads }),
  })
  if (heads % keyHeads !== 0) {
    reader.refuse(`num_key_value_heads ${keyHeads} does not divide num_attention_heads ${heads}`)
  }
  if (headWidth % 2 !== 0) reader.refuse(`head_dim ${headWidth} is odd, and rotary positions turn pairs`)
  const bias = type === 'llama' && reader.flag('attention_bias', false)
  return {
    family: 'llama',
    layers,
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

/**
 * Refuses a sliding window. Qwen2 has one where `use_sliding_window` says so and Mistral wherever it is not null, both of 4096 by default; a Llama
 * that names one is generated from with it, though it is trained without. `layer_types`, one a layer, say that there is none.
 */
function checkWindow(reader: ConfigReader, type: string, layers: number): void {
  const window = reader.peek('sliding_window')
  reader.value('sliding_window')
  const used = reader.flag('use_sliding_window', false)
  const kinds = reader.value('layer_types')
  if (kinds !== undefined) {
    if (!Array.isArray(kinds) || kinds.length !== layers) {
      reader.refuse(`layer_types expected a list of num_hidden_layers, ${layers}, got ${JSON.stringify(kinds)}`)
    }
    const other = (kinds as unknown[]).find((kind) => kind !== 'full_attention')
    if (other !== undefined) reader.refuse(`layer_types with ${JSON.stringify(other)} are not supported`)
  }
  const isOn = type === 'mistral' || (type === 'qwen2' ? used : window !== undefined)
  if (isOn && window !== null) {
    reader.refuse(
      `sliding_window ${window === undefined ? '4096 (the default)' : JSON.stringify(window)} is not supported`,
    )
  }
}

/**
 * The base of the frequencies, as transformers 5 finds it: a part of `rope_scaling` where that holds anything, else of `rope_parameters`, else
 * `rope_theta`. Scaled rotations are refused, and so are two parts that say different bases, of which transformers drops one.
 */
function theta(reader: ConfigReader): number {
  const [scaling, parameters] = ['rope_scaling', 'rope_parameters'].map((key) => ropePart(reader, key))
  const base = (scaling ?? parameters)?.base
  if (base === undefined && reader.peek('rope_theta') === null)
    reader.refuse('rope_theta expected a number > 0, got null')
  const own = reader.value('rope_theta') === undefined ? 10000 : reader.positive('rope_theta', 10000)
  const found = base ?? own
  if (parameters?.base !== undefined && parameters.base !== found) {
    reader.refuse(`rope_scaling and rope_parameters say different bases, ${found} and ${parameters.base}`)
  }
  return found
}

/** What a part says of rotations; undefined where it is absent or empty. */
function ropePart(reader: ConfigReader, key: string): { readonly base: number | undefined } | undefined {
  const found = reader.value(key)
  if (found === undefined) return undefined
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    reader.refuse(`${key} expected an object, got ${JSON.stringify(found)}`)
  }
  const { rope_type, type, rope_theta: base, ...rest } = found as Record<string, unknown>
  const kind = rope_type ?? type ?? 'default'
  if (kind !== 'default') reader.refuse(`${key} of the type ${JSON.stringify(kind)} is not supported`)
  const other = Object.keys(rest).find(
    (name) => rest[name] !== null && !(name === 'partial_rotary_factor' && rest[name] === 1),
  )
  if (other !== undefined) reader.refuse(`${key}.${other} ${JSON.stringify(rest[other])} is not supported`)
  if (base !== undefined && !(typeof base === 'number' && base > 0 && Number.isFinite(base))) {
    reader.refuse(`${key}.rope_theta expected a number > 0, got ${JSON.stringify(base)}`)
  }
  return Object.keys(found as object).length === 0 ? undefined : { base: base as number | undefined }
}

function write(config: LlamaConfig): Record<string, unknown> {
  const type = writtenType(config)
  return {
    architectures: [{ llama: 'LlamaForCausalLM', mistral: 'MistralForCausalLM', qwen2: 'Qwen2ForCausalLM' }[type]],
    model_type: type,
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
    ...{
      llama: { attention_bias: config.inputBias, mlp_bias: config.feedForwardBias, pretraining_tp: 1 },
      mistral: { sliding_window: null },
      qwen2: { use_sliding_window: false },
    }[type],
    tie_word_embeddings: config.tiedHead,
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
  }
}

function writtenType({
  width,
  heads,
  inputBias,
  outputBias,
  feedForwardBias,
}: LlamaConfig): 'llama' | 'mistral' | 'qwen2' {
  if (inputBias && !outputBias) return 'qwen2'
  return width % heads === 0 || inputBias || feedForwardBias ? 'llama' : 'mistral'
}
