import type { ConfigReader, HuggingFaceLayout } from '../layout.js'
import { recipesOf } from '../recipe.js'
import type { BertConfig } from './config.js'
import { bertParameters } from './parameters.js'

const activations = {
  gelu: 'gelu',
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
} as const

/** An encoder: the pooler, the heads of tasks and the buffer of position numbers are passed over. */
export const bertHuggingFace: HuggingFaceLayout<BertConfig> = {
  modelTypes: ['bert'],
  defaultTokens: {},
  architectures: [
    'BertModel',
    'BertForMaskedLM',
    'BertForPreTraining',
    'BertForSequenceClassification',
    'BertForTokenClassification',
    'BertForNextSentencePrediction',
  ],
  fixed: {
    is_decoder: false,
    add_cross_attention: false,
    is_encoder_decoder: false,
    position_embedding_type: 'absolute',
  },
  withoutEffect: [
    'tie_word_embeddings',
    'hidden_dropout_prob',
    'attention_probs_dropout_prob',
    'pooler_fc_size',
    'directionality',
  ],
  read,
  write: (config) => ({
    num_hidden_layers: config.layers,
    hidden_size: config.width,
    num_attention_heads: config.heads,
    intermediate_size: config.inner,
    max_position_embeddings: config.positions,
    vocab_size: config.vocabulary,
    type_vocab_size: config.types,
    hidden_act: config.activation,
    layer_norm_eps: config.layerNormEpsilon,
    position_embedding_type: 'absolute',
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
  }),
  tensors: (config) => recipesOf(bertParameters(config), storedName),
  // The first BERTs named the vectors of their norms gamma and beta.
  fullName: (stored) =>
    stored
      .replace(/^(?:(?:module|model)\.)*(?:bert\.)?/, '')
      .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
      .replace(/LayerNorm\.beta$/, 'LayerNorm.bias'),
  isPassedOver: (name) => /^(?:pooler|cls|classifier)\.|^embeddings\.position_ids$/.test(name),
  isLeftOut: (name) => /^(?:pooler|cls|classifier)\./.test(name),
  isOfAnotherModel: (name) => /^(?:embeddings|encoder)\./.test(name),
}

function read(reader: ConfigReader): BertConfig {
  const width = reader.size('hidden_size')
  const heads = reader.size('num_attention_heads')
  if (width % heads !== 0) reader.refuse(`num_attention_heads ${heads} does not divide hidden_size ${width}`)
  return {
    family: 'bert',
    layers: reader.size('num_hidden_layers'),
    width,
    heads,
    inner: reader.size('intermediate_size'),
    positions: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    types: reader.size('type_vocab_size', { fallback: 2 }),
    activation: reader.word('hidden_act', activations, 'gelu'),
    layerNormEpsilon: reader.positive('layer_norm_eps', 1e-12),
  }
}

/** Hugging Face's name of a matrix or a norm. */
function storedName(name: string): string {
  const table = /^embeddings\.(word|position|type)$/.exec(name)
  if (table) return `embeddings.${table[1] === 'type' ? 'token_type' : table[1]}_embeddings`
  if (name === 'embeddings.norm') return 'embeddings.LayerNorm'
  const [, layer, part] = /^layer\.(\d+)\.(.*)$/.exec(name)!
  return `encoder.layer.${layer}.${partNames[part]}`
}

const partNames: Readonly<Record<string, string>> = {
  'attention.query': 'attention.self.query',
  'attention.key': 'attention.self.key',
  'attention.value': 'attention.self.value',
  'attention.output': 'attention.output.dense',
  'attention.norm': 'attention.output.LayerNorm',
  intermediate: 'intermediate.dense',
  output: 'output.dense',
  norm: 'output.LayerNorm',
}
