import { bitsPerByte, bytesOfTokens } from '../data/corpus.js'
import type { Tokenizer } from '../data/tokenizer.js'
import { fillWindows, validationStarts } from '../data/windows.js'
import type { LossStep } from './loss-step.js'
import type { Validation } from './run.js'

/**
 * Loss of the effective weights on windows spread evenly over a text.
 * @param evaluator its batch and length are those of the windows
 * @param text tokens to validate on, at least one window of them
 * @param windows at most so many, in whole batches
 * @returns a function that computes it; it rejects with the signal's reason between two batches
 */
export function createValidation(
  evaluator: Pick<LossStep, 'tokens' | 'targets' | 'run'>,
  { text, tokenizer, batch, windows }: { text: Uint16Array; tokenizer: Tokenizer; batch: number; windows: number },
  signal?: AbortSignal,
): () => Promise<Validation> {
  const length = evaluator.tokens.length / batch
  const starts = validationStarts(text.length, length, { atMost: Math.max(windows, batch), multipleOf: batch })
  let bytes = 0
  for (const start of starts) bytes += bytesOfTokens(tokenizer, text.subarray(start + 1, start + 1 + length))
  const count = starts.length * length
  return async () => {
    let nats = 0
    for (let at = 0; at < starts.length; at += batch) {
      fillWindows(text, starts.subarray(at, at + batch), length, evaluator.tokens, evaluator.targets)
      nats += (await evaluator.run()) * batch * length
      await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
      signal?.throwIfAborted()
    }
    const validLoss = nats / count
    return { validLoss, bitsPerByte: bitsPerByte(validLoss, count, bytes) }
  }
}
