/** What turns the text of a search into tokens. */
import { resolve } from 'node:path'
import { addTokens, createLetterTokenizer, loadTokenizer, type Tokenizer } from '../data/index.js'
import { nodeSha256 } from '../files/sha256.js'
import { type OpenFile, openFolderTokenizer } from '../interop/index.js'
import { readTextIfThere } from '../interop/weight-files.js'
import type { SettingsChoice } from '../search/settings.js'
import { namedTokenizer } from './searched-text.js'

export interface SearchTokenizer {
  /** The model that is made for it has as many tokens. */
  readonly tokenizer: Tokenizer
  /** What the record of a run calls it: its name, or the folder that it was read from. */
  readonly recorded: string
  /** SHA-256 of the files that a folder's was read from; undefined for one that its name tells. */
  readonly sha256?: string
}

/**
 * @param given `bytes`, `gpt2`, a folder with a `tokenizer.json` or a GGUF file; one whose tokenizer is one of these two is taken for it
 * @throws RangeError for what is neither, InputError for one that cannot be read
 */
export async function openSearchTokenizer(given: string): Promise<SearchTokenizer> {
  const { path, tokenizer: name, addedTokens: added, openTokenizer: open } = await namedTokenizer(given)
  const own = name === null ? await openFolderTokenizer(open!) : await loadTokenizer(name)
  if (name !== null && added.length === 0) return { tokenizer: own, recorded: name }
  const tokenizer =
    name === null ? own : addTokens(own, { ...own, name: 'folder' }, own.vocabulary + added.length, added)
  return { tokenizer, recorded: resolve(path), sha256: await hashOf(open!) }
}

/** Each file's name and length come before it, so that no two pairs of files have the same bytes. */
async function hashOf(open: OpenFile): Promise<string> {
  const hash = nodeSha256()
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    const text = (await readTextIfThere(open, file))?.text
    if (text !== undefined) hash.update(new TextEncoder().encode(`${file} ${text.length}\n${text}`))
  }
  return hash.digest()
}

/**
 * What turns the text into tokens; of a task, its letters.
 * @param choice.on its tokenizer is the default
 * @throws RangeError for a text beside a task, and for no tokenizer where the ticket names none either
 */
export async function openRunTokenizer(
  request: { readonly [Name in 'data' | 'valid' | 'tokenizer']?: string | undefined } & {
    readonly raw?: boolean | undefined
  },
  { task, on }: Pick<SettingsChoice, 'task' | 'on'>,
): Promise<SearchTokenizer> {
  if (!task) return openSearchTokenizer(request.tokenizer ?? tokenizerOn(on))
  for (const name of ['data', 'valid', 'raw'] as const) {
    if (request[name])
      throw new RangeError(`"${name}" expected nothing beside the task ${task.name}, got ${request[name]}`)
  }
  const tokenizer = createLetterTokenizer(task.letters)
  return { tokenizer, recorded: tokenizer.name }
}

/** The tokenizer that a search takes where none is given. @throws RangeError for a ticket that names none */
export function tokenizerOn(on: SettingsChoice['on']): string {
  if (on?.tokenizer !== null) return on?.tokenizer ?? 'bytes'
  throw new RangeError(`"tokenizer" expected a folder, or --task: ${on.name} names no tokenizer, got nothing`)
}
