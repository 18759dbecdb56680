import { checkGpt2Config, type Gpt2Config } from '../families/gpt2/config.js'
import { InputError, parseJson, quoted, quotedList } from '../safetensors/index.js'
import { aliases, fixed, hasNoEffect, refused } from './hugging-face-keys.js'

/** Hugging Face's names of the activations we run; the tanh form has had several. */
const activations: Record<string, Gpt2Config['activation']> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu: 'gelu',
  relu: 'relu',
}

const architectures = ['GPT2LMHeadModel', 'GPT2Model']

/** What a `config.json` says. */
export interface Gpt2ConfigFile {
  readonly config: Gpt2Config
  /** A line for what is in it and was not read though it may change the result. */
  readonly warnings: readonly string[]
}

/**
 * Reads Hugging Face's GPT-2 `config.json`. Sizes must be there, under their own names or those that transformers takes for them
 * (`hidden_size` for `n_embd`); `n_inner` null or absent means 4 n_embd, `activation_function` defaults to gelu_new,
 * `layer_norm_epsilon` to 1e-5, `tie_word_embeddings` to true. Keys that change what a model computes and are not supported are
 * refused, unless they hold their default; keys that transformers does not know either are named in a warning.
 * @param text the file's content
 * @param source what to call it in messages
 * @throws InputError in one line that names the file, the key and what was wrong
 */
export function readGpt2Config(text: string, source: string): Gpt2ConfigFile {
  const refuse = (reason: string): never => {
    throw new InputError(`${source}: ${reason}`)
  }
  const json = parseObject(text, refuse)
  const read = new Set<string>()
  const value = (key: string): unknown => {
    read.add(key)
    return json[key] ?? undefined // null means the default, as absence does
  }
  checkModel(value('model_type'), value('architectures'), refuse)
  for (const [key, supported] of Object.entries(fixed)) {
    read.add(key)
    const found = json[key] // null is a value here: transformers takes it for false
    if (found !== undefined && found !== supported) refuse(`${key} ${quoted(found)} is not supported`)
  }
  for (const key of refused) {
    const found = value(key)
    if (found !== undefined && !isEmpty(found)) refuse(`${key} ${quoted(found)} is not supported`)
  }
  const size = (key: string): number => {
    const own = value(key)
    const alias = Object.hasOwn(aliases, key) ? aliases[key as keyof typeof aliases] : undefined
    const other = alias === undefined ? undefined : value(alias)
    if (own !== undefined && other !== undefined && own !== other) {
      refuse(`${key} ${quoted(own)} and ${alias} ${quoted(other)} mean the same, and differ`)
    }
    const found = own ?? other
    if (!Number.isSafeInteger(found) || (found as number) < 1) {
      refuse(`${key} expected an integer >= 1, got ${found === undefined ? 'nothing' : quoted(found)}`)
    }
    return found as number
  }
  const activation = value('activation_function') ?? 'gelu_new'
  if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
    refuse(`activation_function expected ${Object.keys(activations).join(', ')}, got ${quoted(activation)}`)
  }
  const epsilon = value('layer_norm_epsilon') ?? 1e-5
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < Number.POSITIVE_INFINITY)) {
    refuse(`layer_norm_epsilon expected a number > 0, got ${quoted(epsilon)}`)
  }
  const tied = value('tie_word_embeddings') ?? true
  if (typeof tied !== 'boolean') refuse(`tie_word_embeddings expected true or false, got ${quoted(tied)}`)
  const width = size('n_embd')
  const config: Gpt2Config = {
    layers: size('n_layer'),
    width,
    heads: size('n_head'),
    inner: value('n_inner') === undefined ? 4 * width : size('n_inner'),
    positions: size('n_positions'),
    vocabulary: size('vocab_size'),
    activation: activations[activation as string],
    layerNormEpsilon: epsilon as number,
    tiedHead: tied as boolean,
  }
  if (config.width % config.heads !== 0) {
    refuse(`n_head ${config.heads} does not divide n_embd ${config.width}`)
  }
  try {
    checkGpt2Config(config)
  } catch (error) {
    refuse((error as Error).message)
  }
  if (json.n_ctx === config.positions) read.add('n_ctx') // transformers 2 wrote it beside n_positions
  const unknown = Object.keys(json).filter((key) => !read.has(key) && !hasNoEffect(key) && json[key] !== null)
  const line = `${source}: not read, though it may change what the model computes: ${quotedList(unknown)}`
  return { config, warnings: unknown.length > 0 ? [line] : [] }
}

function checkModel(type: unknown = 'gpt2', named: unknown, refuse: (reason: string) => never): void {
  if (named !== undefined && !Array.isArray(named)) {
    refuse(`architectures expected a list of names, got ${quoted(named)}`)
  }
  const list = (named ?? []) as unknown[]
  const isKnown = list.length === 0 || list.some((name) => architectures.includes(name as string))
  if (type === 'gpt2' && isKnown) return
  const found = `model_type ${quoted(type)}${list.length > 0 ? `, architectures ${quoted(list)}` : ''}`
  refuse(`${found} is not supported; what is: model_type "gpt2", ${architectures.join(' or ')}`)
}

const isEmpty = (value: unknown): boolean =>
  value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

export function parseObject(text: string, refuse: (reason: string) => never): Record<string, unknown> {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (error) {
    refuse((error as Error).message)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse('not a JSON object')
  return json as Record<string, unknown>
}
