import { createTextStream, loadTokenizer, type Tokenizer } from '../data/index.js'
import type { Gpt2Config } from '../model/gpt2-config.js'
import { generateTokens } from '../model/gpt2-generate.js'
import type { Sampling } from '../model/gpt2-sampling.js'
import { fillWords, type Seed } from '../random/index.js'
import { InputError } from '../safetensors/index.js'
import { TEXT_STREAM } from '../search/streams.js'
import type { Ticket } from '../ticket/index.js'
import type { TicketModel } from './ticket-model.js'

/** What is asked of {@link continueText}. */
export interface TextRequest extends Sampling {
  readonly prompt: string
  /** Tokens to add, an integer >= 0. */
  readonly count: number
  /** Unsigned 64-bit; token i of the text, prompt included, is drawn with word i of its stream 2^47 + 1. */
  readonly seed: Seed
  readonly signal?: AbortSignal | undefined
  /** Lets other work in between two tokens, a signal say; default: a turn of Node's event loop. */
  pause?(): Promise<void>
}

/** A token, and the text that is complete with it: none while a character still lacks bytes. */
export interface TextPiece {
  /** Null in a last piece that holds what an unfinished character left. */
  readonly token: number | null
  readonly text: string
}

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

/** The tokens of a prompt; of an empty one the token between documents. */
export function promptTokens(tokenizer: Tokenizer, prompt: string): number[] {
  const tokens = Array.from(tokenizer.encode(prompt))
  return tokens.length > 0 ? tokens : [tokenizer.documentEnd]
}

/**
 * Continues a text, token by token. Where the context is full the model goes on from its last half.
 * @returns pieces as they come
 * @throws RangeError for the sampling; the signal's reason when it aborts
 */
export async function* continueText(
  { decoder }: Pick<TicketModel, 'decoder'>,
  tokenizer: Tokenizer,
  { prompt, seed, pause = nodeTurn, ...request }: TextRequest,
): AsyncGenerator<TextPiece, void> {
  const stream = createTextStream(tokenizer)
  const own = promptTokens(tokenizer, prompt)
  for await (const token of generateTokens(decoder, own, { ...request, word: createWords(seed) })) {
    yield { token, text: stream.push(token) }
    await pause()
  }
  const rest = stream.end()
  if (rest !== '') yield { token: null, text: rest }
}

const nodeTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Words of the text stream, some at a time. */
function createWords(seed: Seed): (index: number) => number {
  const block = new Uint32Array(1024)
  let first = Number.NaN
  return (index) => {
    const start = index - (index % block.length)
    if (start !== first) fillWords(seed, TEXT_STREAM, start, block)
    first = start
    return block[index - start]
  }
}
