/** The tokenizer of a folder or of a GGUF file. */
import { join } from 'node:path'
import type { AddedToken, TokenizerName } from '../data/index.js'
import { openFile } from '../files/files.js'
import { isFile } from '../files/path-kind.js'
import { startsAsGguf } from '../gguf/index.js'
import { type GgufModel, type OpenFile, openGgufModel, recogniseTokenizer } from '../interop/index.js'
import { readTextIfThere } from '../interop/weight-files.js'
import { InputError, memorySource } from '../safetensors/index.js'

/** What is found of a tokenizer before it is read. */
export interface OwnTokenizer {
  /** Which of our tokenizers it is; null where it is another one, or none. */
  readonly tokenizer: TokenizerName | null
  /** Whether there is one that is neither of ours. */
  readonly hasOtherTokenizer: boolean
  /** Tokens that are added to `tokenizer`; none elsewhere. */
  readonly addedTokens: readonly AddedToken[]
  /** Opens the files that it is read from, `tokenizer.json` and those beside it, by their names; null where there are none. */
  readonly openTokenizer: OpenFile | null
}

/** Of a model that names a tokenizer of ours, or none. */
export const namedOnly = (tokenizer: TokenizerName | null): OwnTokenizer => ({
  tokenizer,
  hasOtherTokenizer: false,
  addedTokens: [],
  openTokenizer: null,
})

/**
 * The tokenizer of a Hugging Face folder, or of a GGUF file.
 * @throws InputError when it cannot be read
 */
export async function tokenizerAt(path: string): Promise<OwnTokenizer> {
  if (!(await isGgufFile(path))) return tokenizerIn((file) => openFile(join(path, file)))
  const source = await openFile(path)
  try {
    return await ggufTokenizerOf(await openGgufModel(source))
  } finally {
    await source.close()
  }
}

/** The tokenizer of an opened GGUF file. */
export const ggufTokenizerOf = ({ tokenizer }: Pick<GgufModel, 'tokenizer'>): Promise<OwnTokenizer> =>
  tokenizer === null
    ? Promise.resolve(namedOnly(null))
    : tokenizerIn(filesInMemory({ 'tokenizer.json': tokenizer.json, 'tokenizer_config.json': tokenizer.config }))

/** Whether a path is of a file that begins as a GGUF file. */
export async function isGgufFile(path: string): Promise<boolean> {
  if (!(await isFile(path))) return false
  const source = await openFile(path)
  return startsAsGguf(await source.read(0, Math.min(4, source.size)).finally(source.close))
}

async function tokenizerIn(openTokenizer: OpenFile): Promise<OwnTokenizer> {
  const file = await readTextIfThere(openTokenizer, 'tokenizer.json')
  if (file === null) return namedOnly(null)
  const found = await recogniseTokenizer(file.text, file.source)
  const tokenizer = found?.name ?? null
  return { tokenizer, hasOtherTokenizer: found === null, addedTokens: found?.added ?? [], openTokenizer }
}

function filesInMemory(files: Readonly<Record<string, { readonly text: string; readonly source: string }>>): OpenFile {
  return async (name) => {
    const file = Object.hasOwn(files, name) ? files[name] : undefined
    if (file === undefined) throw new InputError(`${name}: no such file`, { cause: { code: 'ENOENT' } })
    return memorySource(new TextEncoder().encode(file.text), file.source)
  }
}
