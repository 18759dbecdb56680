/** How far small errors in the merged matrices can move attention: Lemma 5/8 and the inequality behind Theorem 3/9. */
import { checkCount, checkPositive } from './width.js'

/** Throws RangeError unless `value` is at least 0. */
export function checkError(name: string, value: number): void {
  if (!(value >= 0)) throw new RangeError(`"${name}" expected a number >= 0, got ${value}`)
}

/**
 * Lemma 5/8: `||softmax(z) X - softmax(z + e) X|| <= sqrt(d1) alpha (exp(2 e) - 1)` for every length T and mask.
 *
 * @param d1 width of the rows of X, integer >= 1
 * @param alpha bound on the norms of the rows of X, > 0
 * @param logitError max norm e of the perturbation, >= 0
 */
export function softmaxPerturbationBound(d1: number, alpha: number, logitError: number): number {
  checkCount('d1', d1)
  checkPositive('alpha', alpha)
  checkError('logitError', logitError)
  return Math.sqrt(d1) * alpha * Math.expm1(2 * logitError)
}

/** Arguments of {@link attentionErrorBound}. */
export interface AttentionErrors {
  /** Input width, integer >= 1. */
  d1: number
  /** Output width, integer >= 1. */
  d2: number
  /** Heads H, integer >= 1. */
  heads: number
  /** Bound on the input norms, > 0. */
  alpha: number
  /** Largest entry error of any head's W_QK, >= 0. */
  queryKeyError: number
  /** Largest entry error of any head's W_VO, >= 0. */
  valueOutputError: number
}

/**
 * After the fact: a bound on `max_i ||Attn_S(x_i) - Attn_T(x_i)||` from the entry errors a solver reached, for targets
 * with `||W_VO|| <= 1`. Logits move by at most `d1 alpha^2 queryKeyError` (a matrix of entries at most q has norm at
 * most `d1 q`), which Lemma 5/8 turns into outputs; the values move by at most `alpha sqrt(d1 d2) valueOutputError`.
 * The sum over heads is the chain of inequalities in the proof of Theorem 3/9.
 */
export function attentionErrorBound(errors: AttentionErrors): number {
  const { d1, d2, heads, alpha, queryKeyError, valueOutputError } = errors
  checkCount('d2', d2)
  checkCount('heads', heads)
  checkError('queryKeyError', queryKeyError)
  checkError('valueOutputError', valueOutputError)
  const fromLogits = softmaxPerturbationBound(d1, alpha, d1 * alpha * alpha * queryKeyError)
  return heads * (fromLogits + alpha * Math.sqrt(d1 * d2) * valueOutputError)
}
