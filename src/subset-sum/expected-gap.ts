import { checkProblem } from './problem.js'

/**
 * Mean of the best gap |sum - t| over random problems that look like this one:
 * `2^-(n+1) sqrt(2 pi) s exp((t - m)^2 / (2 s^2))` with `m = sum(p) / 2`, `s = sqrt(sum(p^2)) / 2` (the gap is about
 * exponential: 2^n subset sums spread like a normal with mean m and deviation s).
 *
 * @param items 1 to 256 finite numbers
 * @param target finite
 * @returns the mean gap; Infinity when no item differs from 0 or the target is far out of reach
 */
export function expectedGap(items: ArrayLike<number>, target: number): number {
  checkProblem(items, target)
  let sum = 0
  let squares = 0
  for (let i = 0; i < items.length; i++) {
    sum += items[i]
    squares += items[i] * items[i]
  }
  const s = Math.sqrt(squares) / 2
  if (s === 0) return Number.POSITIVE_INFINITY
  const z = (target - sum / 2) / s
  return 2 ** -(items.length + 1) * Math.sqrt(2 * Math.PI) * s * Math.exp((z * z) / 2)
}
