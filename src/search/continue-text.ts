/** A text, token by token, on any platform. */
import { createTextStream, type Tokenizer } from '../data/index.js'
import { type Decoder, generateTokens } from '../families/generate.js'
import type { Sampling } from '../families/sampling.js'
import { fillWords, type Seed } from '../random/index.js'
import { TEXT_STREAM } from './streams.js'

/** What is asked of {@link continueText}. */
export interface TextRequest extends Sampling {
  readonly prompt: string
  /** Tokens to add, an integer >= 0. */
  readonly count: number
  /** Tokens that end the text. Default: the tokenizer's end token, if it has one; `[]`: none. */
  readonly endTokens?: readonly number[] | undefined
  /** Unsigned 64-bit; token i of the text, prompt included, is drawn with word i of its stream 2^47 + 1. */
  readonly seed: Seed
  readonly signal?: AbortSignal | undefined
}

/** A token, and the text that is complete with it: none while a character still lacks bytes. */
export interface TextPiece {
  /** Null in a last piece that holds what an unfinished character left. */
  readonly token: number | null
  readonly text: string
}

/** The tokens of a prompt, with those that a folder's tokenizer puts around a text; where there are none the token between documents. */
export function promptTokens(tokenizer: Tokenizer, prompt: string): number[] {
  const tokens = Array.from(tokenizer.encode(prompt, { addSpecialTokens: true }))
  return tokens.length > 0 ? tokens : [tokenizer.documentEnd]
}

/** The tokens that end a text of a tokenizer where nothing else is said. */
export const endsOf = ({ endToken }: Tokenizer): number[] => (endToken === null ? [] : [endToken])

/**
 * Continues a text, token by token, to an end token or to `count` tokens. Where the context is full the model goes on from its last half.
 * @param request.pause lets other work in between two tokens, a signal say
 * @returns pieces as they come
 * @throws RangeError for the sampling; the signal's reason when it aborts
 */
export async function* continueText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  { prompt, seed, pause, endTokens = endsOf(tokenizer), ...request }: TextRequest & { pause(): Promise<void> },
): AsyncGenerator<TextPiece, void> {
  const own = promptTokens(tokenizer, prompt)
  const stream = createTextStream(tokenizer, own)
  for await (const token of generateTokens(decoder, own, { ...request, endTokens, word: createWords(seed) })) {
    yield { token, text: stream.push(token) }
    await pause()
  }
  const rest = stream.end()
  if (rest !== '') yield { token: null, text: rest }
}

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
