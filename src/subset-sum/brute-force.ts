import { checkProblem, type SubsetSumSolution, solutionOfMask } from './problem.js'

/** Brute force beyond this many items takes longer than anyone waits. */
const LIMIT = 26

/**
 * The oracle: tries all 2^n subsets.
 *
 * @param items 1 to 26 finite numbers
 * @param target finite
 */
export function bruteForce(items: ArrayLike<number>, target: number): SubsetSumSolution {
  checkProblem(items, target)
  const n = items.length
  if (n > LIMIT) throw new RangeError(`"items" expected at most ${LIMIT} items for brute force, got ${n}`)
  let best = 0
  let bestGap = Number.POSITIVE_INFINITY
  for (let mask = 0; mask < 2 ** n; mask++) {
    let sum = 0
    for (let i = 0; i < n; i++) if ((mask >>> i) & 1) sum += items[i]
    const gap = Math.abs(sum - target)
    if (gap < bestGap) {
      best = mask
      bestGap = gap
    }
  }
  return solutionOfMask(items, target, best)
}
