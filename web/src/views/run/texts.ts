/** How the texts of a ticket become tokens, in a worker. */
import { createLetterTokenizer, loadTokenizer, type Tokenizer, type TokenizerName } from '../../../../src/data/index.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import type { Ticket } from '../../../../src/ticket/index.js'

/** A vocabulary of at most so many tokens without a tokenizer is letters. */
const LETTERS = 26

/** What a visitor gives for a ticket that names no tokenizer: one of ours, or the files of a model's folder. */
export type GivenTokenizer =
  | { readonly kind: 'known'; readonly name: TokenizerName }
  | {
      readonly kind: 'files'
      /** Stands in messages. */
      readonly name: string
      /** `tokenizer.json`. */
      readonly json: string
      /** `tokenizer_config.json`, where there is one. */
      readonly config: string | null
    }

/** How a ticket's texts are read: by a tokenizer that it names, letter by letter, or not before the visitor gives a tokenizer. */
export type TextReading = TokenizerName | 'letters' | 'unknown'

/** How an opened ticket's texts are read; loose pairs read none. */
export function textReading({ kind, metadata }: Ticket): TextReading {
  const named = kind === 'searched' ? metadata.tokenizer : null
  return named ?? (metadata.config && metadata.config.vocabulary <= LETTERS ? 'letters' : 'unknown')
}

/** What the tokens of a ticket are called. */
export function tokenName(reading: TextReading): string {
  return reading === 'bytes' ? 'byte' : reading === 'letters' ? 'letter' : 'token'
}

/** The tokenizer that a ticket's texts are read by. @throws InputError when there is none */
export async function ticketTokenizer(ticket: Ticket, given: Tokenizer | undefined): Promise<Tokenizer> {
  if (given) return given
  const reading = textReading(ticket)
  const { config } = ticket.metadata
  if (reading === 'letters') return createLetterTokenizer(config!.vocabulary)
  if (reading !== 'unknown') return loadTokenizer(reading)
  throw new InputError(`${ticket.name}: names no tokenizer, so that its ${config?.vocabulary} tokens stand for no text`)
}

/**
 * Opens what the visitor gave.
 * @param vocabulary V of the model
 * @throws InputError in one line when it does not fit, or is not understood
 */
export async function openGiven(given: GivenTokenizer, vocabulary: number): Promise<Tokenizer> {
  if (given.kind === 'files') {
    const { readFolderTokenizer } = await import('../../../../src/interop/folder-tokenizer.js')
    const { name, json, config } = given
    const settings = config === null ? null : { text: config, source: 'tokenizer_config.json' }
    return readFolderTokenizer({ text: json, source: name }, settings, vocabulary)
  }
  const tokenizer = await loadTokenizer(given.name)
  if (tokenizer.vocabulary <= vocabulary) return tokenizer
  throw new InputError(`${given.name} has ${tokenizer.vocabulary} tokens, more than the model's ${vocabulary}`)
}
