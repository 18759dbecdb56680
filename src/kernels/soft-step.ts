/** Pieces of a step of masks that are still soft: a weight counts by h((|score| - threshold) / temperature), h(x) = 1 / (1 + e^-x). */
import type { AdamW } from './adamw.js'
import type { TicketMemory } from './parameter-memory.js'
import { setAdamW } from './ticket-step.js'

/** How soft the mask of a matrix is. */
export interface Softness {
  /** |score| of a weight that counts half, float32 >= 0. */
  readonly threshold: number
  /** One over the temperature, float32 > 0. */
  readonly inverse: number
}

/**
 * One step of AdamW on the scores along the true gradient, dL/dscore = dL/dW_eff * W * sign(score) * h'(x) / temperature (sign 0 is 0), reading `gradient`.
 * @throws RangeError naming the matrix when a score becomes NaN
 */
export function moveSoftScores(
  matrices: readonly TicketMemory[],
  softness: (name: string) => Softness,
  adamw: AdamW,
): void {
  for (const kernels of new Set(matrices.map((matrix) => matrix.kernels))) setAdamW(kernels, adamw)
  for (const { name, kernels, weights, gradient, scores, momentum, variance, count } of matrices) {
    const { threshold, inverse } = softness(name)
    const arrays = [weights, gradient, scores, momentum, variance].map(({ byteOffset }) => byteOffset)
    if (!kernels.exports.updateSoftScores(...arrays, count, threshold, inverse)) continue
    const index = kernels.exports.findNaN(scores.byteOffset, count)
    throw new RangeError(`"scores" of ${name} expected numbers, got NaN at index ${index}`)
  }
}

/** Sum of the squares of the gradient that {@link moveSoftScores} moves the scores of a matrix along, in float64, in the order of `dotProduct`. */
export function softGradientSquares(
  { kernels, weights, gradient, scores, count }: TicketMemory,
  { threshold, inverse }: Softness,
): number {
  const arrays = [weights, gradient, scores].map(({ byteOffset }) => byteOffset)
  return kernels.exports.softGradientSquares(...arrays, count, threshold, inverse)
}

/** Effective weights float32(float32(W * scale) * h(x)). @param scale float32 */
export function wearSoft(
  { kernels, weights, effective, scores, count }: TicketMemory,
  { threshold, inverse }: Softness,
  scale: number,
): void {
  const arrays = [weights, effective, scores].map(({ byteOffset }) => byteOffset)
  kernels.exports.wearSoft(...arrays, count, threshold, inverse, scale)
}

/** Standard deviation of |score| over `used` scores, the others being 0; sums in float64, in the order of `dotProduct`. */
export function spreadOfScores({ kernels, scores, count }: TicketMemory, used: number): number {
  const { byteOffset } = scores
  const mean = kernels.exports.sumMagnitudes(byteOffset, count) / used
  return Math.sqrt(Math.max(0, kernels.exports.dotProduct(byteOffset, byteOffset, count) / used - mean * mean))
}
