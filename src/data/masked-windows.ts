/** Windows with hidden tokens for encoders: which are hidden follows from a seed (masked-token learning, Devlin et al. 2019, section 3.1). */
import { fillWords, type Seed } from '../random/index.js'
import { scaleWord } from './windows.js'

/** The streams of hidden tokens in training and in validation; see src/search/streams.ts. Frozen. */
export const MASK_STREAM = 2 ** 47 + 2
export const VALID_MASK_STREAM = 2 ** 47 + 3

/** The part of a window's tokens that is hidden, and what is read in the place of a hidden token: the mask, any token, or itself. */
const HIDDEN = 0.15
const AS_MASK = 0.8
const AS_ANY = 0.1

/** Tokens of a window of T tokens that are hidden: 15 % of them to the nearest, at least one. */
export const hiddenCount = (length: number): number => Math.max(1, Math.round(HIDDEN * length))

/** What decides which tokens of a window are hidden. */
export interface MaskChoice {
  /** Unsigned 64-bit. */
  readonly seed: Seed
  readonly stream: typeof MASK_STREAM | typeof VALID_MASK_STREAM
  /** Number of the first window, an integer >= 0. Each window has words of its own, so that it can be masked alone. */
  readonly first: number
  /** T, an integer >= 1. */
  readonly length: number
  /** The mask token: V - 1. A token that is read in the place of another is any of those below it. */
  readonly mask: number
}

/**
 * Hides tokens of windows, in place. Window w has the words 3 T w to 3 T w + 3 T - 1 of the stream. With T words a token takes its turn: the
 * {@link hiddenCount} tokens of the least words (of equal ones the first) are hidden. Word T + i below 0.8 * 2^32 puts the mask in the
 * place of token i, one below 0.9 * 2^32 the token floor(word * mask / 2^32) of word 2 T + i; else the token stays to be read.
 * @param tokens [B, T], each 0 <= token < mask; receives what is read
 * @param targets [B, T], receives the tokens as they were
 * @param counts [B, T], receives 1 where a token is hidden and 0 elsewhere
 */
export function hideTokens(
  { seed, stream, first, length, mask }: MaskChoice,
  tokens: Int32Array,
  targets: Int32Array,
  counts: Float32Array,
): void {
  targets.set(tokens)
  counts.fill(0)
  const words = new Uint32Array(3 * length)
  const hidden = hiddenCount(length)
  for (let from = 0, window = first; from < tokens.length; from += length, window++) {
    fillWords(seed, stream, window * words.length, words)
    const order = Array.from({ length }, (_, i) => i).sort((a, b) => words[a] - words[b] || a - b)
    for (const i of order.slice(0, hidden)) {
      counts[from + i] = 1
      const chance = words[length + i] / 2 ** 32
      if (chance < AS_MASK) tokens[from + i] = mask
      else if (chance < AS_MASK + AS_ANY) tokens[from + i] = scaleWord(words[2 * length + i], mask)
    }
  }
}
