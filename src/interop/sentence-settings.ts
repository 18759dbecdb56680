/** How a folder makes one vector of a sentence: the files of sentence-transformers beside a model. */
import { InputError, parseJson, quoted, quotedList } from '../safetensors/index.js'
import { parseObject } from './hugging-face-config.js'
import { type OpenFile, readTextIfThere } from './weight-files.js'

export const poolings = ['mean', 'cls', 'max'] as const

/** How the hidden states of the tokens become one vector: their mean, that of the first token, or the largest of each coordinate. */
export type Pooling = (typeof poolings)[number]

export interface SentenceSettings {
  /** Most tokens of a sentence, special ones included; the text's last ones are left out. */
  readonly maxLength: number
  /** Over the tokens that are not padding, special ones included. */
  readonly pooling: Pooling
  /** Whether the vector is divided by its Euclidean length. */
  readonly normalise: boolean
  /** Whether the tokenizer makes a text small first (`do_lower_case`), special tokens in it left alone; space around it is removed in any case. */
  readonly lowerCase: boolean
  /** What is put before each text; empty where there is nothing. */
  readonly prompt: string
  /** A line for what the folder does not say. */
  readonly warnings: readonly string[]
}

/** What the settings depend on of a model. */
export interface SentenceModel {
  /** P, tokens of its longest text. */
  readonly positions: number
  /** d, coordinates of a hidden state. */
  readonly width: number
}

/** Where sentence-transformers writes that a setting is at work, with the pooling that it means. */
const poolingKeys: Readonly<Record<string, Pooling | null>> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: null,
  pooling_mode_weightedmean_tokens: null,
  pooling_mode_lasttoken: null,
}

/**
 * Reads `modules.json`, `sentence_bert_config.json`, the `config.json` of the pooling, and the default prompt of
 * `config_sentence_transformers.json`. A folder without `modules.json` has mean pooling without normalisation; its other files of
 * sentence-transformers are not read then, as there, and a warning says so.
 * @throws InputError in one line that names the file and what is wrong or not supported
 */
export async function readSentenceSettings(open: OpenFile, model: SentenceModel): Promise<SentenceSettings> {
  const modules = await readModules(open)
  if (modules === null) {
    const left: string[] = []
    for (const name of ['sentence_bert_config.json', 'config_sentence_transformers.json']) {
      if ((await readTextIfThere(open, name)) !== null) left.push(name)
    }
    const plain = {
      maxLength: model.positions,
      pooling: 'mean',
      normalise: false,
      lowerCase: false,
      prompt: '',
    } as const
    const notRead = left.length > 0 ? `; ${left.join(' and ')} not read, as there` : ''
    const said = `mean pooling without normalisation, because there is no modules.json of sentence-transformers${notRead}`
    return { ...plain, warnings: [said] }
  }
  const transformer = modules.find(({ kind }) => kind === 'Transformer')!
  const own = await readObject(open, inFolder(transformer.path, 'sentence_bert_config.json'))
  const settings = {
    maxLength: maxLengthOf(own, model),
    lowerCase: flagOf(own, 'do_lower_case', false),
    prompt: promptOf(await readObject(open, 'config_sentence_transformers.json')),
  }
  const { path } = modules.find(({ kind }) => kind === 'Pooling')!
  const file = await readObject(open, inFolder(path, 'config.json'))
  if (file === null)
    throw new InputError(`${inFolder(path, 'config.json')}: no such file, though modules.json names it`)
  const pooling = poolingOf(file, model)
  if (settings.prompt !== '' && !flagOf(file, 'include_prompt', true)) {
    file.refuse('include_prompt false is not supported')
  }
  return { ...settings, pooling, normalise: modules.some(({ kind }) => kind === 'Normalize'), warnings: [] }
}

/** A JSON object, and how to refuse it. */
interface JsonFile {
  readonly json: Record<string, unknown>
  readonly refuse: (reason: string) => never
}

async function readObject(open: OpenFile, name: string): Promise<JsonFile | null> {
  const file = await readTextIfThere(open, name)
  if (file === null) return null
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source}: ${reason}`)
  }
  return { json: parseObject(file.text, refuse), refuse }
}

interface Module {
  readonly kind: 'Transformer' | 'Pooling' | 'Normalize'
  readonly path: string
}

/** The modules in their order; null where there is no `modules.json`. */
async function readModules(open: OpenFile): Promise<Module[] | null> {
  const file = await readTextIfThere(open, 'modules.json')
  if (file === null) return null
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source}: ${reason}`)
  }
  const list = parseList(file.text, refuse)
  const modules = list.map((each): Module => {
    const { type, path } = (each ?? {}) as { type?: unknown; path?: unknown }
    // "sentence_transformers.models.Pooling"; other versions have other modules before the class.
    const kind = /^sentence_transformers\.(?:\w+\.)*(Transformer|Pooling|Normalize)$/.exec(String(type))?.[1]
    if (kind === undefined) refuse(`module ${quoted(type)} is not supported`)
    if (typeof path !== 'string' || !/^(?!\.)[\w.-]*$/.test(path))
      refuse(`path expected a folder's name, got ${quoted(path)}`)
    return { kind: kind as Module['kind'], path: path as string }
  })
  const kinds = modules.map(({ kind }) => kind)
  if (!['Transformer,Pooling', 'Transformer,Pooling,Normalize'].includes(kinds.join())) {
    refuse(`expected Transformer, Pooling and perhaps Normalize, got ${kinds.join(', ') || 'none'}`)
  }
  return modules
}

function parseList(text: string, refuse: (reason: string) => never): unknown[] {
  let list: unknown
  try {
    list = parseJson(text)
  } catch (error) {
    refuse((error as Error).message)
  }
  return Array.isArray(list) ? list : refuse(`expected a list of modules, got ${quoted(list)}`)
}

const inFolder = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

function maxLengthOf(file: JsonFile | null, { positions }: SentenceModel): number {
  const found = file?.json.max_seq_length ?? positions
  if (!Number.isSafeInteger(found) || (found as number) < 1 || (found as number) > positions) {
    file?.refuse(
      `max_seq_length expected an integer from 1 to the model's ${positions} positions, got ${quoted(found)}`,
    )
  }
  return found as number
}

function flagOf(file: JsonFile | null, key: string, otherwise: boolean): boolean {
  const found = file?.json[key] ?? otherwise
  if (typeof found !== 'boolean') file?.refuse(`${key} expected true or false, got ${quoted(found)}`)
  return found as boolean
}

function poolingOf({ json, refuse }: JsonFile, { width }: SentenceModel): Pooling {
  const dimension = json.word_embedding_dimension ?? json.embedding_dimension ?? width
  if (dimension !== width) refuse(`a dimension of ${quoted(dimension)}, where the model's hidden states have ${width}`)
  // Newer versions name it, one or a list of them, and then leave the older keys aside.
  const named =
    Array.isArray(json.pooling_mode) && json.pooling_mode.length === 1 ? json.pooling_mode[0] : json.pooling_mode
  if (named !== undefined) {
    if (!poolings.includes(named as Pooling))
      refuse(`pooling_mode ${quoted(named)} is not supported; what is: ${poolings.join(', ')}`)
    return named as Pooling
  }
  const chosen = Object.keys(poolingKeys).filter((key) => flagOf({ json, refuse }, key, false))
  const pooling = chosen.length === 1 ? poolingKeys[chosen[0]] : null
  if (pooling === null) {
    const what = chosen.length === 0 ? 'no pooling' : quotedList(chosen)
    return refuse(`${what} is not supported; what is: one of ${poolings.join(', ')}`)
  }
  return pooling
}

function promptOf(file: JsonFile | null): string {
  const name = file?.json.default_prompt_name ?? null
  if (file === null || name === null) return ''
  const { prompts } = file.json
  const own =
    typeof prompts === 'object' && prompts !== null ? (prompts as Record<string, unknown>)[String(name)] : undefined
  if (typeof own !== 'string')
    return file.refuse(`default_prompt_name expected one of the prompts, got ${quoted(name)}`)
  return own
}
