import { loadTokenizer, type Tokenizer, tokenizerNames } from '../data/index.js'
import { InputError } from '../safetensors/index.js'
import { continueText as continueOn, promptTokens, type TextPiece, type TextRequest } from '../search/continue-text.js'
import { fittingTokenizers, missingTokenizer } from './missing-tokenizer.js'
import type { ModelSource } from './model-source.js'
import type { TicketModel } from './ticket-model.js'

export { promptTokens, type TextPiece, type TextRequest }

/**
 * The tokenizer of a model.
 * @param name another one than the model names, or for a model that names none
 * @throws InputError when the model names none and `name` is absent; RangeError when the tokenizer's vocabulary is not
 *   the model's
 */
export async function loadModelTokenizer(
  {
    path,
    tokenizer: own,
    hasOtherTokenizer,
    config,
  }: Pick<ModelSource, 'path' | 'tokenizer' | 'hasOtherTokenizer' | 'config'>,
  name?: string,
): Promise<Tokenizer> {
  const chosen = name ?? own
  const { vocabulary } = config
  if (chosen === null) throw new InputError(`${path}: ${missingTokenizer({ hasOtherTokenizer, vocabulary })}`)
  const tokenizer = await loadTokenizer(chosen)
  if (tokenizer.vocabulary !== vocabulary) {
    const none = fittingTokenizers(vocabulary).length === 0
    throw new RangeError(
      `"tokenizer" expected one with the model's ${vocabulary} tokens, got ${tokenizer.name} with ${tokenizer.vocabulary}${none ? `; neither ${tokenizerNames.join(' nor ')} has as many` : ''}`,
    )
  }
  return tokenizer
}

/** Continues a text on Node: a turn of its event loop after each token lets a signal in. See `src/search/continue-text.ts`. */
export const continueText = (
  { decoder }: Pick<TicketModel, 'decoder'>,
  tokenizer: Tokenizer,
  request: TextRequest,
): AsyncGenerator<TextPiece, void> =>
  continueOn(decoder, tokenizer, { ...request, pause: () => new Promise((resolve) => setImmediate(resolve)) })
