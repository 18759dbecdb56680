/**
 * Sorting as a task for language models: a list of letters, and after it the same letters in order. A window is
 * the list, then its answer without the last letter: 2 L - 1 tokens, of which the last L predict the answer. A quarter of all
 * lists is held out: they are never trained on.
 */
import { fillWords, type Seed } from '../random/index.js'
import type { Tokens } from './token-buffer.js'
import { BATCH_STREAM, scaleWord } from './windows.js'

/** Which lists are held out: list i is when word i of this stream (2^47 + 2) is below 2^30. Frozen. */
const HELD_OUT_STREAM = BATCH_STREAM + 2
const HELD_OUT_BELOW = 2 ** 30

/** Words of the batch stream that a training window may use; all of them stand for held-out lists once in 4^64. */
const TRIES = 64

/** Up to so many lists, those held out are found by looking at each. */
const FEW = 2 ** 16

/** Most lists of a task. */
const LISTS_LIMIT = 2 ** 32

export interface SortTask {
  readonly name: 'sort'
  /** Letters K of the alphabet, an integer from 2 to 26. */
  readonly letters: number
  /** Letters L of a list, an integer from 2 to 32; K^L is at most 2^32. */
  readonly length: number
}

/** Which windows a step trains on. */
export interface SortBatchChoice {
  /** Unsigned 64-bit. */
  readonly seed: Seed
  /** Counted from 0, an integer. */
  readonly step: number
  /** Windows B, an integer >= 1. */
  readonly batch: number
}

/** @throws RangeError naming what does not fit */
export function checkSortTask({ letters, length }: SortTask): void {
  const expect = (name: string, value: number, most: number) => {
    if (!Number.isSafeInteger(value) || value < 2 || value > most) {
      throw new RangeError(`"${name}" expected an integer from 2 to ${most}, got ${value}`)
    }
  }
  expect('letters', letters, 26)
  expect('length', length, 32)
  if (letters ** length > LISTS_LIMIT) {
    throw new RangeError(`"length" expected at most 2^32 lists, got ${letters}^${length}`)
  }
  if (letters ** length < 8) throw new RangeError(`"length" expected at least 8 lists, got ${letters}^${length}`)
}

/** Number of lists, K^L. */
export const listCount = ({ letters, length }: SortTask): number => letters ** length

/** Tokens that a model of the task reads: 2 L - 1. */
export const sortContext = ({ length }: SortTask): number => 2 * length - 1

/**
 * A list and its answer.
 * @param index 0 to K^L - 1: the list is its digits in base K, the lowest first
 * @param out receives the list and then its letters in order: [2 L]
 */
export function fillSorted({ letters, length }: SortTask, index: number, out: Int32Array | Tokens): void {
  let rest = index
  for (let i = 0; i < length; i++) {
    out[i] = rest % letters
    rest = Math.floor(rest / letters)
  }
  out.copyWithin(length, 0, length)
  out.subarray(length, 2 * length).sort()
}

/** Whether a list is never trained on. @param index 0 to K^L - 1 @param seed of the batches */
export function isHeldOut(seed: Seed, index: number): boolean {
  const word = new Uint32Array(1)
  fillWords(seed, HELD_OUT_STREAM, index, word)
  return word[0] < HELD_OUT_BELOW
}

/**
 * The batch of a training step: window b of step s is the first list not held out among floor(word K^L / 2^32), word =
 * words 64 (s B + b) to 64 (s B + b) + 63 of stream 2^47. Any step can be drawn alone.
 * @param tokens receives the windows, int32 [B, 2 L - 1]
 * @param targets receives the tokens one further on, int32 [B, 2 L - 1]
 */
export function fillSortBatch(
  task: SortTask,
  { seed, step, batch }: SortBatchChoice,
  tokens: Int32Array,
  targets: Int32Array,
): void {
  const context = sortContext(task)
  const total = listCount(task)
  const both = new Int32Array(context + 1)
  for (let b = 0; b < batch; b++) {
    fillSorted(task, drawList(seed, TRIES * (step * batch + b), total), both)
    tokens.set(both.subarray(0, context), b * context)
    targets.set(both.subarray(1), b * context)
  }
}

/** The first list that is not held out, by the words from `start` on. */
function drawList(seed: Seed, start: number, total: number): number {
  const words = new Uint32Array(4) // a block of the generator: with it one list in 256 is not found yet
  for (let tried = 0; tried < TRIES; tried += words.length) {
    fillWords(seed, BATCH_STREAM, start + tried, words)
    const word = words.find((each) => !isHeldOut(seed, scaleWord(each, total)))
    if (word !== undefined) return scaleWord(word, total)
  }
  throw new RangeError(`"length" expected lists that are not held out, got none in ${TRIES}`)
}

/**
 * Lists that are held out: all of them in order where there are at most 65,536 lists, else those among the first words of
 * stream 2^47 + 3.
 * @param atMost an integer >= 1
 * @returns their indices
 */
export function heldOutLists(task: SortTask, seed: Seed, atMost: number): number[] {
  const total = listCount(task)
  const found: number[] = []
  const word = new Uint32Array(1)
  for (let i = 0; found.length < atMost && (total > FEW || i < total); i++) {
    if (total > FEW) fillWords(seed, HELD_OUT_STREAM + 1, i, word)
    const index = total > FEW ? scaleWord(word[0], total) : i
    if (isHeldOut(seed, index)) found.push(index)
  }
  return found
}
