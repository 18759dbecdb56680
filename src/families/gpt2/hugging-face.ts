import type { HuggingFaceLayout, TensorRecipe } from '../layout.js'
import { asHeld } from '../recipe.js'
import type { Gpt2Config } from './config.js'

/** Hugging Face's names of the activations; the tanh form has had several. */
const activations = { gelu_new: 'gelu_new', gelu_pytorch_tanh: 'gelu_new', gelu: 'gelu', relu: 'relu' } as const

/** Linear maps lie [in, out] (Conv1D), query, key and value side by side in `c_attn`. */
export const gpt2HuggingFace: HuggingFaceLayout<Gpt2Config> = {
  modelTypes: ['gpt2'],
  defaultTokens: { gpt2: { bos: 50256, eos: 50256 } },
  architectures: ['GPT2LMHeadModel', 'GPT2Model'],
  fixed: {
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    reorder_and_upcast_attn: false,
    add_cross_attention: false,
    is_encoder_decoder: false,
  },
  withoutEffect:
    `attn_pdrop embd_pdrop resid_pdrop summary_type summary_use_proj summary_activation summary_proj_to_labels
    summary_first_dropout n_special predict_special_tokens`.split(/\s+/),
  read(reader) {
    const layers = reader.size('n_layer', { alias: 'num_hidden_layers' })
    const width = reader.size('n_embd', { alias: 'hidden_size' })
    const config: Gpt2Config = {
      layers,
      width,
      heads: reader.size('n_head', { alias: 'num_attention_heads' }),
      inner: reader.size('n_inner', { fallback: 4 * width, whereNull: 4 * width }),
      positions: reader.size('n_positions', { alias: 'max_position_embeddings' }),
      vocabulary: reader.size('vocab_size'),
      activation: reader.word('activation_function', activations, 'gelu_new'),
      layerNormEpsilon: reader.positive('layer_norm_epsilon', 1e-5),
      tiedHead: reader.flag('tie_word_embeddings', true),
    }
    if (width % config.heads !== 0) reader.refuse(`n_head ${config.heads} does not divide n_embd ${width}`)
    // transformers 2 wrote the context a second time, as `n_ctx`; another number there is a key that is not read.
    if (reader.peek('n_ctx') === config.positions) reader.value('n_ctx')
    return config
  },
  write: (config) => ({
    n_layer: config.layers,
    n_embd: config.width,
    n_head: config.heads,
    n_inner: config.inner,
    n_positions: config.positions,
    n_ctx: config.positions,
    vocab_size: config.vocabulary,
    activation_function: config.activation,
    layer_norm_epsilon: config.layerNormEpsilon,
    tie_word_embeddings: config.tiedHead,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    reorder_and_upcast_attn: false,
    add_cross_attention: false,
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    initializer_range: 0.02,
    use_cache: true,
  }),
  tensors,
  fullName(stored) {
    const own = stored.replace(/^(?:(?:module|model)\.)+/, '') // DataParallel, and whatever held the model
    return /^(?:wte|wpe|ln_f|h\.\d+)\./.test(own) ? `transformer.${own}` : own
  },
  isPassedOver: isCausalMask,
  isOfAnotherModel: (name) => /^(?:transformer|lm_head)\./.test(name),
}

function tensors({ layers, width: d, inner, positions, vocabulary, tiedHead }: Gpt2Config): TensorRecipe[] {
  const affine = (name: string, parts: readonly string[], shape: readonly number[]): TensorRecipe[] => {
    const [weight, bias] = shape.length === 1 ? ['.weight', '.bias'] : ['', '.bias'] // a norm's gain, or a matrix
    const last = shape[shape.length - 1]
    return [
      { name: `transformer.${name}.weight`, shape, parts: parts.map((part) => part + weight), transposed: false },
      { name: `transformer.${name}.bias`, shape: [last], parts: parts.map((part) => part + bias), transposed: false },
    ]
  }
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const name = `h.${layer}`
    const own = (part: string, shape: readonly number[]) => affine(`${name}.${part}`, [`${name}.${part}`], shape)
    const inputs = ['q', 'k', 'v'].map((part) => `${name}.attn.${part}`)
    return [
      ...own('ln_1', [d]),
      ...affine(`${name}.attn.c_attn`, inputs, [d, 3 * d]),
      ...own('attn.c_proj', [d, d]),
      ...own('ln_2', [d]),
      ...own('mlp.c_fc', [d, inner]),
      ...own('mlp.c_proj', [inner, d]),
    ]
  })
  return [
    asHeld('transformer.wte.weight', 'wte', [vocabulary, d]),
    asHeld('transformer.wpe.weight', 'wpe', [positions, d]),
    ...blocks.flat(),
    ...affine('ln_f', ['ln_f'], [d]),
    ...(tiedHead ? [] : [asHeld('lm_head.weight', 'lm_head', [vocabulary, d])]),
  ]
}

/** A buffer of attention that holds no weight: the causal mask [1, 1, P, P], or the value of masked logits. */
function isCausalMask(name: string, shape: readonly number[], { layers }: Gpt2Config): boolean {
  const found = /^transformer\.h\.(\d+)\.attn\.(bias|masked_bias)$/.exec(name)
  if (!found || Number(found[1]) >= layers) return false
  if (found[2] === 'masked_bias') return shape.every((size) => size === 1)
  return shape.length === 4 && shape[0] === 1 && shape[1] === 1 && shape[2] === shape[3]
}
