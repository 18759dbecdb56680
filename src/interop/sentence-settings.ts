/** What the files of sentence-transformers in a folder say of embeddings: `modules.json`, and a configuration of each module. */
import { InputError, isMissingFile, parseJson, quoted } from '../safetensors/index.js'
import type { OpenFile } from './weight-files.js'

/** How the hidden states of a text become one vector. */
export interface SentenceSettings {
  /** Most tokens of a text, those around it included: an integer >= 1; null where the folder does not say. */
  readonly maxLength: number | null
  /** `mean`: of all tokens, those around the text included; `cls`: the first token's; `max`: the largest of each coordinate. */
  readonly pooling: 'mean' | 'cls' | 'max'
  /** Whether a vector is divided by its length. */
  readonly normalise: boolean
  /** A line each for what the user should know. */
  readonly warnings: readonly string[]
}

/** Of a folder without these files: as sentence-transformers takes a plain BERT. */
export const sentenceDefaults: SentenceSettings = { maxLength: null, pooling: 'mean', normalise: false, warnings: [] }

const poolings = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
} as const

/**
 * Reads the settings of a folder.
 * @throws InputError in one line that names the file and what is not supported: a module that is none of Transformer, Pooling and
 *   Normalize in this order, or another pooling
 */
export async function openSentenceSettings(open: OpenFile): Promise<SentenceSettings> {
  const modules = await openJson(open, 'modules.json')
  if (modules === undefined) return sentenceDefaults
  const { json, refuse } = modules
  const list = Array.isArray(json) ? json : refuse('expected a list of modules')
  const types = list.map((module) => String(field(module, 'type')).split('.').at(-1)!)
  const [first, second, ...rest] = types
  if (first !== 'Transformer' || second !== 'Pooling' || !['', 'Normalize'].includes(rest.join(' '))) {
    refuse(`modules ${types.join(', ')} are not supported; what is: Transformer, Pooling and perhaps Normalize`)
  }
  const [transformer, pooling] = list.map((module) => String(field(module, 'path') ?? ''))
  return {
    maxLength: await readMaxLength(open, transformer),
    pooling: await readPooling(open, pooling),
    normalise: rest.length > 0,
    warnings: [],
  }
}

async function readMaxLength(open: OpenFile, folder: string): Promise<number | null> {
  const file = await openJson(open, within(folder, 'sentence_bert_config.json'))
  if (file === undefined) return null
  const longest = field(file.json, 'max_seq_length') ?? null
  if (longest !== null && !(Number.isSafeInteger(longest) && (longest as number) >= 1)) {
    file.refuse(`max_seq_length expected an integer >= 1, got ${quoted(longest)}`)
  }
  if (field(file.json, 'do_lower_case') === true) file.refuse('do_lower_case true is not supported')
  return longest as number | null
}

async function readPooling(open: OpenFile, folder: string): Promise<SentenceSettings['pooling']> {
  const file = await openJson(open, within(folder, 'config.json'))
  if (file === undefined)
    throw new InputError(`${within(folder, 'config.json')}: no such file, though modules.json names it`)
  const { json, refuse } = file
  const mode = field(json, 'pooling_mode')
  const set = Object.keys(json as object).filter((key) => key.startsWith('pooling_mode_') && field(json, key) === true)
  const named = mode === undefined ? set.map((key) => poolings[key as keyof typeof poolings] ?? key) : [mode]
  const [only] = named
  if (named.length !== 1 || !Object.values(poolings).includes(only as never)) {
    refuse(`pooling ${named.length === 0 ? 'of no kind' : named.join(', ')} is not supported; what is: mean, cls, max`)
  }
  return only as SentenceSettings['pooling']
}

const within = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

const field = (json: unknown, key: string): unknown =>
  typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[key] : undefined

/** A JSON file of the folder; undefined where it is not there. */
async function openJson(open: OpenFile, name: string) {
  const file = await open(name).catch((error: unknown) => {
    if (!isMissingFile(error)) throw error
    return undefined
  })
  if (file === undefined) return undefined
  const refuse = (reason: string): never => {
    throw new InputError(`${file.name}: ${reason}`)
  }
  const bytes = await file.read(0, file.size).finally(() => file.close?.())
  try {
    const json: unknown = parseJson(new TextDecoder().decode(bytes))
    return { json, refuse }
  } catch (error) {
    return refuse((error as Error).message)
  }
}
