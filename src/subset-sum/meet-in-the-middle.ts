/**
 * Horowitz and Sahni's meet in the middle ("Computing Partitions with Applications to the Knapsack Problem", JACM 1974)
 * as an optimisation: sort the sums of both halves, walk them against each other for the least gap, then look again at
 * every pair that rounding could have hidden and judge those by the canonical objective. Time O(n 2^(n/2)).
 */
import { checkProblem, MAX_EXACT_ITEMS, type SubsetSumSolution, solutionOfMask } from './problem.js'

interface HalfSums {
  /** Sums in ascending order, [2^h]. */
  sums: Float64Array
  /** The mask behind each sum, [2^h]. */
  masks: Uint32Array
}

/** All subset sums of items[from..to), ascending: each item merges the list with itself shifted by the item. */
function sortedHalf(items: ArrayLike<number>, from: number, to: number): HalfSums {
  let sums = new Float64Array(1)
  let masks = new Uint32Array(1)
  for (let i = from; i < to; i++) {
    const shift = items[i]
    const bit = 1 << (i - from)
    const size = sums.length
    const nextSums = new Float64Array(2 * size)
    const nextMasks = new Uint32Array(2 * size)
    for (let out = 0, a = 0, b = 0; out < 2 * size; out++) {
      if (b === size || (a < size && sums[a] <= sums[b] + shift)) {
        nextSums[out] = sums[a]
        nextMasks[out] = masks[a++]
      } else {
        nextSums[out] = sums[b] + shift
        nextMasks[out] = masks[b++] | bit
      }
    }
    sums = nextSums
    masks = nextMasks
  }
  return { sums, masks }
}

/** Least |a + b - target| over the two ascending lists. */
function leastGap(a: Float64Array, b: Float64Array, target: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0, j = b.length - 1; i < a.length && j >= 0; ) {
    const gap = a[i] + b[j] - target
    least = Math.min(least, Math.abs(gap))
    if (gap < 0) i++
    else j--
  }
  return least
}

/**
 * The best subset, provably, by the canonical objective of problem.ts.
 *
 * @param items 1 to {@link MAX_EXACT_ITEMS} finite numbers
 * @param target finite
 */
export function meetInTheMiddle(items: ArrayLike<number>, target: number): SubsetSumSolution {
  checkProblem(items, target)
  const n = items.length
  if (n > MAX_EXACT_ITEMS)
    throw new RangeError(`"items" expected at most ${MAX_EXACT_ITEMS} items to be exact, got ${n}`)
  const half = n >> 1
  const a = sortedHalf(items, 0, half)
  const b = sortedHalf(items, half, n)
  // Two float64 sums of the same n numbers differ by at most 2 n 2^-53 sum|p|; the last subtraction adds its rounding.
  let magnitude = Math.abs(target)
  for (let i = 0; i < n; i++) magnitude += Math.abs(items[i])
  const slack = 4 * (n + 2) * 2 ** -53 * magnitude
  const threshold = leastGap(a.sums, b.sums, target) + slack

  let best = 0
  let bestGap = Number.POSITIVE_INFINITY
  let from = b.sums.length
  for (let i = 0; i < a.sums.length; i++) {
    while (from > 0 && a.sums[i] + b.sums[from - 1] - target >= -threshold) from--
    for (let j = from; j < b.sums.length && a.sums[i] + b.sums[j] - target <= threshold; j++) {
      const mask = a.masks[i] + b.masks[j] * 2 ** half
      let sum = 0
      for (let k = 0; k < n; k++) if ((mask >>> k) & 1) sum += items[k]
      const gap = Math.abs(sum - target)
      if (gap < bestGap || (gap === bestGap && mask < best)) {
        best = mask
        bestGap = gap
      }
    }
  }
  return solutionOfMask(items, target, best)
}
