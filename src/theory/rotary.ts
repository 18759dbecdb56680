/**
 * Widths for rotary attention, derived in docs/rotary.md from those that the paper asks of attention without rotation. The paper
 * has no rotary heads. `L` stands for the logarithm that a statement of the paper asks for, `n_K >= d1 C L`: with it every entry of
 * W_QK has an error of at most exp(-L), so every logit one of at most `d1 alpha^2 exp(-L)`. Both constructions keep that logit error.
 */
import { checkError } from './perturbation.js'
import { checkCount, checkEps, checkPositive, type WidthRequirement } from './width.js'

/** The even number of key columns of a rotary head: two for each frequency. */
export function checkKeyWidth(keyWidth: number): void {
  checkCount('keyWidth', keyWidth)
  if (keyWidth % 2 !== 0) throw new RangeError(`"keyWidth" expected an even number, got ${keyWidth}`)
}

/**
 * Key width of one random rotary layer that contains rotary heads: `n_K >= d_K d1 C (L + log(d_K / sqrt 2))`. With Theorem 9's L that is
 * `n_K >= d_K d1 C log(4 sqrt(2) H d_K alpha^3 d1^(3/2) / eps)`. Query heads that share a key head need no more.
 *
 * @param plain what the paper's statement asks without rotation
 * @param d1 input width, integer >= 1
 * @param keyWidth d_K of the target, even, >= 2
 * @param constant C > 0
 * @returns `width` is the least multiple of d_K
 */
export function rotaryWidth(plain: WidthRequirement, d1: number, keyWidth: number, constant = 1): WidthRequirement {
  checkCount('d1', d1)
  checkKeyWidth(keyWidth)
  checkPositive('C', constant)
  const logArgument = plain.logArgument + Math.log(keyWidth) - 0.5 * Math.LN2
  const items = constant * logArgument
  return {
    logArgument,
    bound: keyWidth * d1 * items,
    width: keyWidth * Math.ceil(d1 * items),
    itemsPerWeight: Math.ceil(items),
  }
}

/** Arguments of {@link factoredWidth}. */
export interface FactoredShape {
  /** Input width, integer >= 1. */
  d1: number
  /** d_K of the target, even, >= 2. */
  keyWidth: number
  /** Query heads H of an attention layer, integer >= 1. */
  heads: number
  /** Attention layers that share the probability of failure, integer >= 1; 1 by default. */
  blocks?: number
  /** Error and probability of failure, 0 < eps < 1. */
  eps: number
}

/**
 * Width between the two random layers that stand for W_Q, and between the two for W_K:
 * `n_F >= d1 C max(L + log(9 / (4 sqrt d1)), log(4 H d1 d_K / eps))`. With Theorem 9's L the first is
 * `log(18 H alpha^3 d1 / eps)`. The second keeps the probability of failure, and the norm of the errors at most 1/4. With more than one block
 * it is `log(16 B H d1 d_K / eps)`.
 *
 * @param plain what the paper's statement asks without rotation
 * @param constant C > 0
 */
export function factoredWidth(plain: WidthRequirement, shape: FactoredShape, constant = 1): WidthRequirement {
  const { d1, keyWidth, heads, blocks = 1, eps } = shape
  checkCount('d1', d1)
  checkKeyWidth(keyWidth)
  checkCount('heads', heads)
  checkCount('blocks', blocks)
  checkEps(eps)
  checkPositive('C', constant)
  const fromError = plain.logArgument + Math.log(9 / 4) - 0.5 * Math.log(d1)
  const share = blocks === 1 ? 4 : 16 * blocks
  const fromFailure = Math.log(share) + Math.log(heads) + Math.log(d1) + Math.log(keyWidth) - Math.log(eps)
  const logArgument = Math.max(fromError, fromFailure)
  const items = constant * logArgument
  return { logArgument, bound: d1 * items, width: Math.ceil(d1 * items), itemsPerWeight: Math.ceil(items) }
}

/** Subset sums that stand for the scores of one query head, for each construction. */
export interface ScoreSums {
  /** W_QK, without rotation: d1^2. */
  plain: number
  /** A_p and B_p of every frequency: d_K d1^2. */
  rotary: number
  /** W_Q and W_K of their own: 2 d1 d_K. */
  factored: number
}

/** @param d1 integer >= 1 @param keyWidth d_K, even, >= 2 */
export function scoreSums(d1: number, keyWidth: number): ScoreSums {
  checkCount('d1', d1)
  checkKeyWidth(keyWidth)
  return { plain: d1 * d1, rotary: keyWidth * d1 * d1, factored: 2 * d1 * keyWidth }
}

/**
 * Largest change of a rotary logit when entries of A_p and B_p change by at most `entryError`: `d_K d1 alpha^2 entryError / sqrt 2`. A
 * frequency adds `cos(D) x'Ey + sin(D) x'Fy`, at most the root of the sum of two squares, and there are d_K / 2 frequencies.
 *
 * @param d1 integer >= 1 @param keyWidth d_K, even, >= 2 @param alpha bound on the input norms, > 0 @param entryError >= 0
 */
export function rotaryLogitBound(d1: number, keyWidth: number, alpha: number, entryError: number): number {
  checkCount('d1', d1)
  checkKeyWidth(keyWidth)
  checkPositive('alpha', alpha)
  checkError('entryError', entryError)
  return (keyWidth * d1 * alpha * alpha * entryError) / Math.SQRT2
}

/**
 * Largest change of a rotary logit when entries of W_Q and W_K, both of norm at most 1, change by at most `entryError`:
 * `alpha^2 (2 s + s^2) / sqrt(d_K)` with `s = sqrt(d1 d_K) entryError`. A rotation changes no norm.
 *
 * @param d1 integer >= 1 @param keyWidth d_K, even, >= 2 @param alpha bound on the input norms, > 0 @param entryError >= 0
 */
export function factoredLogitBound(d1: number, keyWidth: number, alpha: number, entryError: number): number {
  checkCount('d1', d1)
  checkKeyWidth(keyWidth)
  checkPositive('alpha', alpha)
  checkError('entryError', entryError)
  const norm = Math.sqrt(d1 * keyWidth) * entryError
  return (alpha * alpha * (2 * norm + norm * norm)) / Math.sqrt(keyWidth)
}
