import { bitsPerByte } from '../data/corpus.js'
import { type SortTask, sortContext } from '../data/sort-task.js'
import type { Tokens } from '../data/token-buffer.js'
import { createDenseModel, type LossModel, largestIndex, lossParameters, weightsOf } from '../families/index.js'
import type { GraphRunner } from '../graph/index.js'
import type { ParameterLookup } from './loss-step.js'
import type { Validation } from './run.js'

/** Lists at a time. */
const BATCH = 256

/** Lists and their answers, one after another. */
export interface SortedLists {
  readonly task: SortTask
  /** [n, 2 L]: a list and its letters in order. */
  readonly valid: Tokens
  /** At most so many lists are read, an integer >= 1. */
  readonly lists: number
}

/**
 * How well the effective weights sort, as they are: the loss on the letters of the answers, and the part of the lists whose
 * greedy continuation is the whole answer. (Where every letter of the right answer is the likeliest after those before it,
 * and only there, the continuation is that answer: so the answer can be read at once.)
 * @returns a function that computes it; it rejects with the signal's reason between two batches
 */
export function createSortValidation(
  runner: GraphRunner,
  model: LossModel,
  parameter: ParameterLookup,
  { task, valid, lists }: SortedLists,
  signal?: AbortSignal,
): () => Promise<Validation> {
  const { length, letters } = task
  const context = sortContext(task)
  const count = Math.min(lists, valid.length / (2 * length))
  return async () => {
    const dense = createDenseModel(runner, model.config, weightsOf(lossParameters(model), parameter))
    let nats = 0
    let sorted = 0
    try {
      for (let at = 0; at < count; at += BATCH) {
        const rows = Math.min(BATCH, count - at)
        const tokens = new Int32Array(rows * context)
        const row = (i: number) => valid.subarray((at + i) * 2 * length, (at + i + 1) * 2 * length)
        for (let i = 0; i < rows; i++) tokens.set(row(i).subarray(0, context), i * context)
        const logits = await dense.logits(tokens, rows, context) // [rows, 2 L - 1, K]
        for (let i = 0; i < rows; i++) {
          let isRight = true
          for (let t = length - 1; t < context; t++) {
            const start = (i * context + t) * letters
            const own = logits.subarray(start, start + letters)
            const answer = row(i)[t + 1]
            nats += crossEntropy(own, answer)
            if (largestIndex(own) !== answer) isRight = false
          }
          if (isRight) sorted++
        }
        await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
        signal?.throwIfAborted()
      }
    } finally {
      await dense.release()
    }
    const read = count * length
    const validLoss = nats / read
    return { validLoss, bitsPerByte: bitsPerByte(validLoss, read, read), accuracy: sorted / count }
  }
}

function crossEntropy(logits: Float32Array, target: number): number {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0)
  return Math.log(sum) + most - logits[target]
}
