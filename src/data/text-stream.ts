import type { Tokenizer } from './tokenizer.js'

/** Turns tokens into text as they come. */
export interface TextStream {
  /** The text that is complete with this token: none while a character still lacks bytes. */
  push(token: number): string
  /** What is left: U+FFFD where a character was never finished. */
  end(): string
}

/**
 * A decoder of one text, token by token; characters whose bytes lie in several tokens come out whole.
 * @param before the tokens that the text follows, of a prompt say; their own text does not come
 */
export function createTextStream(tokenizer: Tokenizer, before: readonly number[] = []): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const { byteLengths } = tokenizer
  let continues = before.some((token) => byteLengths[token] > 0)
  return {
    push(token) {
      const bytes = tokenizer.decode([token], { continues })
      continues ||= byteLengths[token] > 0
      return decoder.decode(bytes, { stream: true })
    },
    end: () => decoder.decode(),
  }
}
