/**
 * Windows of a text for language models: T tokens read, and the T tokens one further on that are to be predicted. A text of
 * n tokens has a window at every start in 0..n-T-1.
 */
import { fillWords, type Seed } from '../random/index.js'
import type { Tokens } from './token-buffer.js'

/** The stream of training batches (2^47); see src/search/streams.ts. Frozen. */
export const BATCH_STREAM = 2 ** 47

/** Which windows a step of training reads. */
export interface BatchChoice {
  /** Unsigned 64-bit. */
  readonly seed: Seed
  /** Counted from 0, an integer; step * batch + batch <= 2^53. */
  readonly step: number
  /** Windows B, an integer >= 1. */
  readonly batch: number
  /** Tokens a window T, an integer >= 1. */
  readonly length: number
}

/**
 * Starts of the windows of a step: window b starts at floor(word * (n - T) / 2^32), computed exactly, with word the
 * unsigned 32-bit word `step * B + b` of stream 2^47. Any step can be drawn alone; windows are drawn with replacement.
 * @param count n, tokens of the text, T + 1 <= n <= 2^37
 * @returns B starts, each in 0..n-T-1 (inclusive)
 */
export function trainingStarts(count: number, { seed, step, batch, length }: BatchChoice): Float64Array {
  checkPositive('batch', batch)
  const starts = startsOf(count, length)
  const words = new Uint32Array(batch)
  fillWords(seed, BATCH_STREAM, step * batch, words)
  return Float64Array.from(words, (word) => scaleWord(word, starts))
}

/**
 * floor(word * count / 2^32), computed exactly: an integer in 0..count-1 (inclusive).
 * @param word unsigned 32-bit
 * @param count an integer from 1 to 2^37
 */
export function scaleWord(word: number, count: number): number {
  // word * count needs more than 53 bits: the upper and the lower half of the word, one after the other
  const lower = Math.floor(((word & 0xffff) * count) / 65536)
  return Math.floor(((word >>> 16) * count + lower) / 65536)
}

/**
 * The batch of a training step.
 * @param text tokens, [n]
 * @param tokens receives the windows, int32 [B, T]
 * @param targets receives the tokens to predict, int32 [B, T]: those one further on
 */
export function fillBatch(text: Tokens, choice: BatchChoice, tokens: Int32Array, targets: Int32Array): void {
  fillWindows(text, trainingStarts(text.length, choice), choice.length, tokens, targets)
}

/**
 * Starts of windows spread evenly over a text, the first at 0 and the last at n-T-1: window i of W starts at
 * floor(i (n - T - 1) / (W - 1)); a single one at 0. They do not overlap.
 * @param count n, tokens of the text, n >= T + 1
 * @param length T, an integer >= 1
 * @param atMost greatest number of windows, an integer >= 1 or Infinity (the default): W is the least of this and
 *   floor((n - 1) / T)
 */
export function validationStarts(count: number, length: number, atMost = Number.POSITIVE_INFINITY): Float64Array {
  if (atMost !== Number.POSITIVE_INFINITY) checkPositive('atMost', atMost)
  const last = startsOf(count, length) - 1
  const windows = Math.min(atMost, Math.floor((count - 1) / length))
  return Float64Array.from({ length: windows }, (_, i) => (windows === 1 ? 0 : Math.floor((i * last) / (windows - 1))))
}

/**
 * Copies windows out of a text.
 * @param text tokens, [n]
 * @param starts of the windows, [B], each in 0..n-T-1
 * @param length T
 * @param tokens receives them, int32 [B, T]
 * @param targets receives the tokens one further on, int32 [B, T]
 */
export function fillWindows(
  text: Tokens,
  starts: ArrayLike<number>,
  length: number,
  tokens: Int32Array,
  targets: Int32Array,
): void {
  for (const [name, array] of Object.entries({ tokens, targets })) {
    if (!(array instanceof Int32Array)) throw new TypeError(`"${name}" expected an Int32Array`)
    if (array.length !== starts.length * length) {
      throw new RangeError(`"${name}" expected ${starts.length} x ${length} tokens, got room for ${array.length}`)
    }
  }
  const room = startsOf(text.length, length)
  for (let b = 0; b < starts.length; b++) {
    const start = starts[b]
    if (!Number.isInteger(start) || start < 0 || start >= room) {
      throw new RangeError(`"starts" expected integers from 0 to ${room - 1}, got ${start}`)
    }
    tokens.set(text.subarray(start, start + length), b * length)
    targets.set(text.subarray(start + 1, start + 1 + length), b * length)
  }
}

/** How many windows of T tokens, each with the token after it, a text of n tokens has. */
function startsOf(count: number, length: number): number {
  checkPositive('length', length)
  if (count < length + 1) throw new RangeError(`"text" expected at least ${length + 1} tokens, got ${count}`)
  return count - length
}

function checkPositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`"${name}" expected an integer >= 1, got ${value}`)
}
