import { join } from 'node:path'
import {
  addTokens,
  isTokenizerName,
  loadableName,
  loadTokenizer,
  type Tokenizer,
  tokenizerNames,
} from '../data/index.js'
import { type BaseConfig, familyOf } from '../families/index.js'
import { isFile } from '../files/path-kind.js'
import { type FolderTokenizer, openFolderTokenizer } from '../interop/index.js'
import { endTokens } from '../interop/special-tokens.js'
import { InputError } from '../safetensors/index.js'
import {
  continueText as continueOn,
  endsOf,
  promptTokens,
  type TextPiece,
  type TextRequest,
} from '../search/continue-text.js'
import { fittingTokenizers, MOST_PADDING, missingTokenizer } from './missing-tokenizer.js'
import type { ModelSource } from './model-source.js'
import type { OpenedModel } from './open-model.js'
import { namedOnly, type OwnTokenizer, tokenizerAt } from './own-tokenizer.js'

export { promptTokens, type TextPiece, type TextRequest }

/** What tells a model's tokenizer. */
type TokenizerSource = OwnTokenizer & {
  readonly path: string
  readonly config: Pick<BaseConfig, 'vocabulary' | 'family'>
}

/**
 * The tokenizer of a model, with the tokens that its folder adds, and with as many tokens as the model: those that the tokenizer lacks
 * (padding) stand for no text. As in transformers, a model may still choose them.
 * @param name another one than the model names, or for a model that names none: `bytes`, `gpt2`, a folder with a `tokenizer.json` or a GGUF file
 * @throws InputError when the model names none and `name` is absent, or a folder's tokenizer cannot be read or has tokens beyond the
 *   model's; RangeError when the tokenizer has more tokens than the model, or is not the model's own and has more than 1,023 fewer
 */
export async function loadModelTokenizer(source: TokenizerSource, name?: string): Promise<Tokenizer> {
  const { vocabulary } = source.config
  const isOwn = name === undefined || name === source.tokenizer || name === source.path
  const found = isOwn ? source : await namedTokenizer(name)
  const { path, tokenizer: chosen, hasOtherTokenizer, openTokenizer, addedTokens } = found
  if (chosen === null) {
    if (!hasOtherTokenizer || openTokenizer === null)
      throw new InputError(`${path}: ${missingTokenizer(vocabulary, familyOf(source.config).task)}`)
    const folder = await openFolderTokenizer(openTokenizer, vocabulary)
    checkSize(path, folder.used, vocabulary, isOwn)
    return folder
  }
  const tokenizer = await loadTokenizer(chosen)
  checkSize(tokenizer.name, tokenizer.vocabulary, vocabulary, isOwn)
  return tokenizer.vocabulary === vocabulary && addedTokens.length === 0
    ? tokenizer
    : addTokens(tokenizer, tokenizer, vocabulary, addedTokens)
}

function checkSize(name: string, tokens: number, vocabulary: number, isOwn: boolean): void {
  const more = vocabulary - tokens
  if (more >= 0 && (more <= MOST_PADDING || isOwn)) return
  const none = fittingTokenizers(vocabulary).length === 0
  const expected = `the model's ${vocabulary} tokens${more > 0 ? `, or up to ${MOST_PADDING} fewer` : ''}`
  throw new RangeError(
    `"tokenizer" expected one with ${expected}, got ${name} with ${tokens}${none ? `; neither ${tokenizerNames.join(' nor ')} has as many` : ''}`,
  )
}

/** A tokenizer that is asked for by name, by folder or by GGUF file. @throws RangeError for what is neither, InputError for one that cannot be read */
export async function namedTokenizer(name: string): Promise<Omit<TokenizerSource, 'config'>> {
  if (isTokenizerName(name)) return { path: name, ...namedOnly(name) }
  const found = await tokenizerAt(name)
  if (found.tokenizer === null && !found.hasOtherTokenizer) {
    throw new RangeError(
      `"tokenizer" expected ${tokenizerNames.join(', ')}, a folder with a tokenizer.json or a GGUF file, got ${name === '' ? 'an empty text' : name}`,
    )
  }
  return { path: name, ...found }
}

/** What the user should know of a folder's tokenizer that has fewer tokens than the model. */
export const paddingNotes = (path: string, tokenizer: Tokenizer): string[] => {
  const { used = tokenizer.vocabulary } = tokenizer as Partial<FolderTokenizer>
  const { vocabulary } = tokenizer
  return used === vocabulary
    ? []
    : [`${path}: its tokenizer has ${used} of the model's ${vocabulary} tokens; the others stand for no text`]
}

/**
 * The tokens at which a model's text ends: those of its tokenizer, of a folder those that its configuration names.
 * @param name of a tokenizer instead of the model's, as of {@link loadModelTokenizer}
 */
export async function endTokensOf(
  source: Pick<ModelSource, 'specialTokens'>,
  tokenizer: Tokenizer,
  name?: string,
): Promise<readonly number[]> {
  const isBare = name !== undefined && !isTokenizerName(name) && !(await isFile(join(name, 'config.json')))
  return isBare ? endsOf(tokenizer) : endTokens(await source.specialTokens(name))
}

/**
 * Continues a text on Node: a turn of its event loop after each token lets a signal in. See `src/search/continue-text.ts`.
 * @param request.endTokens default: those of the model, of a folder what its configuration names
 */
export async function* continueText(
  opened: Pick<OpenedModel, 'decoder'> & Partial<Pick<OpenedModel, 'specialTokens' | 'kind'>>,
  tokenizer: Tokenizer,
  request: TextRequest,
): AsyncGenerator<TextPiece, void> {
  const { decoder, specialTokens, kind } = opened
  const { name } = tokenizer
  const isForeign = name === 'folder' && kind !== 'folder' && kind !== 'gguf' // a folder's beside a ticket: it tells its end token itself
  const own = isForeign ? undefined : await specialTokens?.(loadableName(name))
  const ends = request.endTokens ?? (own && endTokens(own))
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
  yield* continueOn(decoder, tokenizer, { ...request, endTokens: ends, pause })
}
