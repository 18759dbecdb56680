import { bitsPerByte, bytesOfTokens } from '../data/corpus.js'
import type { Tokens } from '../data/token-buffer.js'
import type { Tokenizer } from '../data/tokenizer.js'
import { fillWindows, validationStarts } from '../data/windows.js'
import { InputError } from '../safetensors/input-error.js'
import type { LossEvaluator } from './loss-evaluator.js'
import type { Validation } from './run.js'

/** The validation at a run's end, and that of `slt eval` by default, reads windows of so many tokens in all, but at least so many windows. */
const LAST_TOKENS = 2 ** 17
const LEAST_WINDOWS = 32

/** Windows of T tokens that the validation at the end of a run reads, where the text has room for them. */
export const lastWindows = (length: number): number => Math.max(LEAST_WINDOWS, Math.floor(LAST_TOKENS / length))

/** What is validated on. */
export interface ValidationText {
  /** What messages call the text. */
  readonly name: string
  /** Tokens, at least one window of them and one more. */
  readonly text: Tokens
  readonly tokenizer: Tokenizer
  /** Windows of a run of the evaluator, an integer >= 1. The loss does not depend on it. */
  readonly batch: number
  /** At most so many windows, an integer >= 1: fewer where the text has room for fewer without overlap. */
  readonly windows: number
}

/**
 * Loss of the effective weights on windows spread evenly over a text (`validationStarts`): sum of the windows' losses in
 * their order, in float64, over the tokens. The last batch may be a part of one; what is beside its windows is not counted.
 * @param evaluator its batch and length are those of the windows
 * @throws InputError when the windows' tokens stand for no bytes (end tokens alone): bits a byte would have no meaning
 * @returns a function that computes it; it rejects with the signal's reason between two batches
 */
export function createValidation(
  evaluator: Pick<LossEvaluator, 'tokens' | 'targets' | 'run'>,
  { name, text, tokenizer, batch, windows }: ValidationText,
  signal?: AbortSignal,
): () => Promise<Validation> {
  const { tokens, targets } = evaluator
  const length = tokens.length / batch
  const starts = validationStarts(text.length, length, windows)
  let bytes = 0
  for (const start of starts) bytes += bytesOfTokens(tokenizer, text.subarray(start + 1, start + 1 + length))
  const count = starts.length * length
  if (bytes === 0)
    throw new InputError(`${name}: the ${count} tokens to validate on stand for no text (end tokens alone)`)
  return async () => {
    let nats = 0
    for (let at = 0; at < starts.length; at += batch) {
      const own = starts.subarray(at, at + batch)
      const used = own.length * length
      fillWindows(text, own, length, tokens.subarray(0, used), targets.subarray(0, used))
      tokens.fill(0, used)
      targets.fill(0, used)
      const losses = await evaluator.run()
      for (let i = 0; i < own.length; i++) nats += losses[i]
      await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
      signal?.throwIfAborted()
    }
    const validLoss = nats / count
    return { validLoss, bitsPerByte: bitsPerByte(validLoss, count, bytes) }
  }
}
