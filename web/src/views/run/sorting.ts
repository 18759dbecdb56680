/** A model that sorts letters, in a worker. */
import { createLetterTokenizer } from '../../../../src/data/index.js'
import { generateTokens } from '../../../../src/families/generate.js'
import type { LanguageModel } from '../../../../src/families/language-model.js'
import { largestIndex } from '../../../../src/families/sampling.js'
import type { TaskContext } from '../../worker-task.js'
import type { RunningModel } from './running-model.js'
import { ALL_LISTS, type SorterShape } from './sorter-shape.js'
import { type SeenAttention, seenAttention, writerOf } from './writing.js'

/** Lists at a time. */
const BATCH = 81

/** A sorted list. */
export interface Sorted {
  readonly answer: string
  /** Whether the answer is the list in order. */
  readonly isRight: boolean
  readonly attention: SeenAttention
}

/**
 * The greedy continuation of a list, as long as the list.
 * @param list letters of the alphabet, `length` of them
 * @param signal ends it between two letters
 */
export async function sortList(running: RunningModel, list: string, signal: AbortSignal): Promise<Sorted> {
  const tokenizer = createLetterTokenizer(running.model.config.vocabulary)
  const tokens = Array.from(tokenizer.encode(list))
  const added: number[] = []
  const request = { count: tokens.length, temperature: 0, word: () => 0, signal }
  for await (const token of generateTokens(writerOf(running), tokens, request)) added.push(token)
  const right = [...tokens].sort((a, b) => a - b)
  return {
    answer: new TextDecoder().decode(tokenizer.decode(added)),
    isRight: added.every((token, i) => token === right[i]),
    attention: await seenAttention(running, tokenizer, [...tokens, ...added.slice(0, -1)]),
  }
}

/** How many lists were sorted. */
export interface SortedCount {
  readonly done: number
  readonly total: number
  readonly right: number
  /** The first list that was not sorted, if any. */
  readonly wrong: string | null
}

/**
 * Sorts every list, or {@link ALL_LISTS} of them. An answer is read at once: the greedy continuation is right where, and only
 * where, every letter of the right answer is the likeliest after those before it.
 * @param logitsOf see `LanguageModel.logits`
 */
export async function sortLists(
  logitsOf: LanguageModel['logits'],
  { letters, length }: SorterShape,
  { report, pause }: TaskContext<SortedCount>,
): Promise<SortedCount> {
  const all = letters ** length
  const total = Math.min(all, ALL_LISTS)
  const context = 2 * length - 1
  const tokenizer = createLetterTokenizer(letters)
  let count: SortedCount = { done: 0, total, right: 0, wrong: null }
  while (count.done < total) {
    const rows = Math.min(BATCH, total - count.done)
    const lists = Array.from({ length: rows }, (_, i) => {
      return listAt(Math.floor(((count.done + i) * all) / total), letters, length)
    })
    const tokens = new Int32Array(rows * context)
    for (const [i, list] of lists.entries()) tokens.set([...list, ...ordered(list).slice(0, -1)], i * context)
    const logits = await logitsOf(tokens, rows, context) // [rows, 2 L - 1, K]
    let { right, wrong } = count
    for (const [i, list] of lists.entries()) {
      const isRight = ordered(list).every((letter, t) => {
        const start = (i * context + length - 1 + t) * letters
        return largestIndex(logits.subarray(start, start + letters)) === letter
      })
      if (isRight) right++
      else wrong ??= new TextDecoder().decode(tokenizer.decode(list))
    }
    count = { done: count.done + rows, total, right, wrong }
    report(count)
    await pause()
  }
  return count
}

const ordered = (list: readonly number[]) => [...list].sort((a, b) => a - b)

/** List number `index`, the last letter changing first. */
function listAt(index: number, letters: number, length: number): number[] {
  const list = new Array<number>(length)
  for (let i = length - 1, rest = index; i >= 0; i--, rest = Math.floor(rest / letters)) list[i] = rest % letters
  return list
}
