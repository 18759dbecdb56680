import { checkGpt2Config, type Gpt2Config } from '../model/gpt2-config.js'
import { InputError, quoted } from '../safetensors/index.js'

/** Hugging Face's names of the activations we run; the tanh form has had several. */
const activations: Record<string, Gpt2Config['activation']> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu: 'gelu',
  relu: 'relu',
}

/** Switches of GPT2Config that change the mathematics, with the only value we run (also the default). */
const fixed = {
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  reorder_and_upcast_attn: false,
  add_cross_attention: false,
} as const

const architectures = ['GPT2LMHeadModel', 'GPT2Model']

/**
 * Reads Hugging Face's GPT-2 `config.json`. Sizes must be there; `n_inner` null or absent means 4 n_embd,
 * `activation_function` defaults to gelu_new, `layer_norm_epsilon` to 1e-5, `tie_word_embeddings` to true.
 * @param text the file's content
 * @param source what to call it in messages
 * @throws InputError in one line that names the file, the key and what was wrong
 */
export function parseGpt2Config(text: string, source: string): Gpt2Config {
  const refuse = (reason: string): never => {
    throw new InputError(`${source}: ${reason}`)
  }
  const json = parseObject(text, refuse)
  const { model_type: modelType = 'gpt2', architectures: named, n_inner: inner, n_embd: width } = json
  const isNamed = Array.isArray(named) && named.length > 0
  if (modelType !== 'gpt2' || (isNamed && !named.some((name) => architectures.includes(name)))) {
    const found = `model_type ${quoted(modelType)}${isNamed ? `, architectures ${quoted(named)}` : ''}`
    refuse(`${found} is not supported; what is: model_type "gpt2", ${architectures.join(' or ')}`)
  }
  for (const [key, value] of Object.entries(fixed)) {
    if (json[key] !== undefined && json[key] !== value) refuse(`${key} ${JSON.stringify(json[key])} is not supported`)
  }
  const size = (key: string): number => {
    const value = json[key]
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      refuse(`${key} expected an integer >= 1, got ${value === undefined ? 'nothing' : quoted(value)}`)
    }
    return value as number
  }
  const activation = json.activation_function ?? 'gelu_new'
  if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
    refuse(`activation_function expected ${Object.keys(activations).join(', ')}, got ${quoted(activation)}`)
  }
  const config: Gpt2Config = {
    layers: size('n_layer'),
    width: size('n_embd'),
    heads: size('n_head'),
    inner: inner === undefined || inner === null ? 4 * (width as number) : size('n_inner'),
    positions: size('n_positions'),
    vocabulary: size('vocab_size'),
    activation: activations[activation as string],
    layerNormEpsilon: (json.layer_norm_epsilon ?? 1e-5) as number,
    tiedHead: (json.tie_word_embeddings ?? true) as boolean,
  }
  if (config.width % config.heads !== 0) {
    refuse(`n_head ${config.heads} does not divide n_embd ${config.width}`)
  }
  try {
    checkGpt2Config(config)
  } catch (error) {
    refuse((error as Error).message)
  }
  return config
}

export function parseObject(text: string, refuse: (reason: string) => never): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    refuse('not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse('not a JSON object')
  return json as Record<string, unknown>
}
