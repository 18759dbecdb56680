import { join } from 'node:path'
import { addTokens, loadableName, loadTokenizer, type Tokenizer, tokenizerNames } from '../data/index.js'
import { openFile } from '../files/files.js'
import { openFolderTokenizer } from '../interop/folder-tokenizer.js'
import { endTokens } from '../interop/special-tokens.js'
import { InputError } from '../safetensors/index.js'
import { continueText as continueOn, promptTokens, type TextPiece, type TextRequest } from '../search/continue-text.js'
import { fittingTokenizers, MOST_PADDING, missingTokenizer } from './missing-tokenizer.js'
import type { ModelSource } from './model-source.js'
import type { OpenedModel } from './open-model.js'

export { promptTokens, type TextPiece, type TextRequest }

/** What tells a model's tokenizer. */
type TokenizerSource = Pick<ModelSource, 'path' | 'tokenizer' | 'hasOtherTokenizer' | 'addedTokens' | 'config'>

/**
 * The tokenizer of a model, with the tokens that its folder adds, and with as many tokens as the model: those that the tokenizer lacks
 * (padding) stand for no text. As in transformers, a model may still choose them.
 * @param name another one than the model names, or for a model that names none
 * @returns the folder's own where its `tokenizer.json` is none of ours
 * @throws InputError when the model names none and `name` is absent, or when its folder's is not supported; RangeError when the tokenizer has more tokens than the
 *   model, or is not the model's own and has more than 1,023 fewer
 */
export async function loadModelTokenizer(source: TokenizerSource, name?: string): Promise<Tokenizer> {
  const { path, tokenizer: own, hasOtherTokenizer, addedTokens } = source
  const chosen = name ?? own
  const { vocabulary } = source.config
  if (chosen === null && hasOtherTokenizer) {
    return openFolderTokenizer((file) => openFile(join(path, file)), vocabulary)
  }
  if (chosen === null) throw new InputError(`${path}: ${missingTokenizer({ hasOtherTokenizer, vocabulary })}`)
  const tokenizer = await loadTokenizer(chosen)
  const isOwn = chosen === own
  const more = vocabulary - tokenizer.vocabulary
  if (more < 0 || (more > MOST_PADDING && !isOwn)) {
    const none = fittingTokenizers(vocabulary).length === 0
    const expected = `the model's ${vocabulary} tokens${more > 0 ? `, or up to ${MOST_PADDING} fewer` : ''}`
    throw new RangeError(
      `"tokenizer" expected one with ${expected}, got ${tokenizer.name} with ${tokenizer.vocabulary}${none ? `; neither ${tokenizerNames.join(' nor ')} has as many` : ''}`,
    )
  }
  const added = isOwn ? addedTokens : []
  return more === 0 && added.length === 0 ? tokenizer : addTokens(tokenizer, tokenizer, vocabulary, added)
}

/**
 * Continues a text on Node: a turn of its event loop after each token lets a signal in. See `src/search/continue-text.ts`.
 * @param request.endTokens default: those of the model, of a folder what its configuration names
 */
export async function* continueText(
  { decoder, specialTokens }: Pick<OpenedModel, 'decoder'> & Partial<Pick<OpenedModel, 'specialTokens'>>,
  tokenizer: Tokenizer,
  request: TextRequest,
): AsyncGenerator<TextPiece, void> {
  const { name } = tokenizer
  const own = await specialTokens?.(loadableName(name))
  const ends = request.endTokens ?? (own && endTokens(own))
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
  yield* continueOn(decoder, tokenizer, { ...request, endTokens: ends, pause })
}
