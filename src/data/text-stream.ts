import type { Tokenizer } from './tokenizer.js'

/** Turns tokens into text as they come. */
export interface TextStream {
  /** The text that is complete with this token: none while a character still lacks bytes. */
  push(token: number): string
  /** What is left: U+FFFD where a character was never finished. */
  end(): string
}

/** A decoder of one text, token by token; characters whose bytes lie in several tokens come out whole. */
export function createTextStream(tokenizer: Tokenizer): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return {
    push: (token) => decoder.decode(tokenizer.decode([token]), { stream: true }),
    end: () => decoder.decode(),
  }
}
