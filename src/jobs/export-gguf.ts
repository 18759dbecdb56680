/** A model as a GGUF file: its tokenizer, and the plan of the file. */
import { basename } from 'node:path'
import { isTokenizerName } from '../data/index.js'
import { LETTERS } from '../data/letter-tokenizer.js'
import {
  type GgufOutput,
  type GgufTokenizer,
  ggufTokenizer,
  type JsonText,
  letterGgufTokenizer,
  modelGgufFile,
  type OpenFile,
  readFolderTokenizer,
  type SpecialTokens,
} from '../interop/index.js'
import { tokenizerJson } from '../interop/tokenizer-json.js'
import { readTextIfThere } from '../interop/weight-files.js'
import { InputError } from '../safetensors/index.js'
import { aboutModel } from './export-origin.js'
import type { ExportRequest } from './export-request.js'
import type { DenseExport } from './export-weights.js'
import { missingTokenizer } from './missing-tokenizer.js'
import type { ModelSource } from './model-source.js'
import { tokenizerAt } from './own-tokenizer.js'

/** The tokenizer of an export. */
export interface ExportTokenizer {
  /** `bytes`, `gpt2` or a folder; null where none is named. */
  readonly name: string | null
  /** Opens the files of the source's own tokenizer; null where it has none, or another one was asked for. */
  readonly own: OpenFile | null
  readonly special: SpecialTokens
}

/**
 * Plans the file of an export.
 * @throws InputError for a tokenizer that llama.cpp has not, RangeError for a model that it does not run or weights that the type does not hold
 */
export async function ggufExport(
  request: ExportRequest,
  source: ModelSource,
  { config, weights }: DenseExport,
  chosen: ExportTokenizer,
): Promise<GgufOutput> {
  const { metadata, notes } = await tokenizerFor(chosen, source.path, config.vocabulary)
  const output = modelGgufFile(basename(request.out), {
    config,
    weights,
    type: request.type ?? 'f32',
    name: source.name,
    about: aboutModel(source, request),
    tokenizer: metadata,
  })
  return { ...output, notes: [...output.notes, ...notes] }
}

async function tokenizerFor(
  { name, own, special }: ExportTokenizer,
  path: string,
  vocabulary: number,
): Promise<GgufTokenizer> {
  const isOurs = name !== null && isTokenizerName(name)
  const open = name !== null && !isOurs ? (await tokenizerAt(name)).openTokenizer : own
  const json = open && (await readTextIfThere(open, 'tokenizer.json'))
  if (open !== null && json !== null) {
    const config = await readTextIfThere(open, 'tokenizer_config.json')
    const { before, after } = await readFolderTokenizer(json, config, vocabulary)
    return ggufTokenizer(json, { vocabulary, special, config, before, after })
  }
  if (!isOurs) {
    if (vocabulary <= LETTERS.length) return letterGgufTokenizer(vocabulary, path)
    throw new InputError(`${path}: ${missingTokenizer(vocabulary)}, and llama.cpp's programs want one`)
  }
  const file: JsonText = { text: await tokenizerJson(name), source: name }
  return ggufTokenizer(file, { vocabulary, special })
}
