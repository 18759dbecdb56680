/** Loss of an encoder on the hidden tokens of a text. */
import { bitsPerByte, bytesOfTokens } from '../data/corpus.js'
import { hiddenCount, hideTokens, VALID_MASK_STREAM } from '../data/masked-windows.js'
import { fillWindows, validationStarts } from '../data/windows.js'
import type { BaseConfig } from '../families/config.js'
import type { Seed } from '../random/index.js'
import { InputError } from '../safetensors/input-error.js'
import type { LossEvaluator } from './loss-evaluator.js'
import type { Validation } from './run.js'
import type { ValidationText } from './validation.js'

/** What decides which tokens of a validation are hidden: the network's own seed, so that a ticket is validated alike for ever. */
export interface Hiding {
  readonly config: BaseConfig
  /** Unsigned 64-bit. */
  readonly seed: Seed
}

/** Hides tokens of validation windows; the same ones of a window whenever it is read. @param first number of the first window */
export function hideForValidation(
  { config, seed }: Hiding,
  first: number,
  tokens: Int32Array,
  targets: Int32Array,
  counts: Float32Array,
): void {
  const { positions: length, vocabulary } = config
  const choice = { seed, stream: VALID_MASK_STREAM, first, length, mask: vocabulary - 1 } as const
  hideTokens(choice, tokens, targets, counts)
}

/** The windows of a text that an encoder is validated on. */
export interface HiddenText {
  /** Hidden tokens of all windows, and the bytes that they stand for. */
  readonly tokens: number
  readonly bytes: number
  /** Number of windows. */
  readonly windows: number
  /** Fills the batch whose first window has a number. @returns how many windows it has */
  fill(first: number): number
}

/**
 * Windows spread evenly over a text (`validationStarts`), with tokens hidden in them.
 * @param evaluator what is filled; its batch and length are those of the windows
 * @throws InputError when the hidden tokens stand for no bytes (end tokens alone): bits a byte would have no meaning
 */
export function hiddenText(
  { tokens, targets, counts }: Pick<LossEvaluator, 'tokens' | 'targets' | 'counts'>,
  { name, text, tokenizer, batch, windows }: ValidationText,
  hiding: Hiding,
): HiddenText {
  const length = tokens.length / batch
  const starts = validationStarts(text.length, length, windows)
  const count = starts.length * hiddenCount(length)
  const fill = (first: number): number => {
    const own = starts.subarray(first, first + batch)
    const used = own.length * length
    const [read, known] = [tokens.subarray(0, used), targets.subarray(0, used)]
    fillWindows(text, own, length, read, known)
    hideForValidation(hiding, first, read, known, counts!.subarray(0, used))
    tokens.fill(0, used)
    targets.fill(0, used)
    counts!.fill(1, used) // a window without any would have no mean
    return own.length
  }
  let bytes = 0
  for (let first = 0; first < starts.length; first += batch) {
    const used = fill(first) * length
    const hidden = targets.subarray(0, used).filter((_, i) => counts![i] === 1)
    bytes += bytesOfTokens(tokenizer, hidden)
  }
  if (bytes === 0)
    throw new InputError(`${name}: the ${count} tokens to validate on stand for no text (end tokens alone)`)
  return { tokens: count, bytes, windows: starts.length, fill }
}

/**
 * Loss of the effective weights on the hidden tokens of a text, over the number of these tokens; bits a byte are of the bytes that they
 * stand for. See `createValidation` for the rest.
 * @throws InputError as {@link hiddenText}
 * @returns a function that computes it; it rejects with the signal's reason between two batches
 */
export function createMaskedValidation(
  evaluator: Pick<LossEvaluator, 'tokens' | 'targets' | 'counts' | 'run'>,
  text: ValidationText,
  hiding: Hiding,
  signal?: AbortSignal,
): () => Promise<Validation> {
  const { tokens, bytes, windows, fill } = hiddenText(evaluator, text, hiding)
  return async () => {
    let nats = 0
    for (let first = 0; first < windows; first += text.batch) {
      const used = fill(first)
      const losses = await evaluator.run()
      for (let i = 0; i < used; i++) nats += losses[i]
      await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
      signal?.throwIfAborted()
    }
    const validLoss = nats / tokens
    return { validLoss, bitsPerByte: bitsPerByte(validLoss, tokens, bytes) }
  }
}
