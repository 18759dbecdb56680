import { loadTokenizer, type Tokenizer } from '../data/index.js'
import type { Gpt2Config } from '../model/gpt2-config.js'
import { InputError } from '../safetensors/index.js'
import { continueText as continueOn, promptTokens, type TextPiece, type TextRequest } from '../search/continue-text.js'
import type { Ticket } from '../ticket/index.js'
import type { TicketModel } from './ticket-model.js'

export { promptTokens, type TextPiece, type TextRequest }

/**
 * The tokenizer of a ticket; see {@link loadModelTokenizer}.
 */
export const loadTicketTokenizer = (ticket: Ticket, name?: string): Promise<Tokenizer> =>
  loadModelTokenizer(
    {
      path: ticket.name,
      tokenizer: ticket.kind === 'searched-gpt2' ? ticket.metadata.tokenizer : null,
      config: ticket.metadata.config,
    },
    name,
  )

/**
 * The tokenizer of a model.
 * @param name another one than the model names, or for a model that names none
 * @throws InputError when the model names none and `name` is absent; RangeError when the tokenizer's vocabulary is not
 *   the model's
 */
export async function loadModelTokenizer(
  { path, tokenizer: own, config }: { path: string; tokenizer: string | null; config: Gpt2Config | null },
  name?: string,
): Promise<Tokenizer> {
  const chosen = name ?? own
  if (chosen === null) throw new InputError(`${path}: names no tokenizer (--tokenizer does)`)
  const tokenizer = await loadTokenizer(chosen)
  const vocabulary = config?.vocabulary
  if (tokenizer.vocabulary !== vocabulary) {
    throw new RangeError(
      `"tokenizer" expected one with the model's ${vocabulary} tokens, got ${tokenizer.name} with ${tokenizer.vocabulary}`,
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
