/**
 * Horowitz and Sahni's meet in the middle ("Computing Partitions with Applications to the Knapsack Problem", JACM 1974)
 * as an optimisation, exact for the sums as float64 rounds them.
 *
 * The items of the first half are added first, so a subset B of the second half turns the sum `a` of the first half into
 * the final error `fl(fl(a + b_1) + b_2 ...) - target`, which never decreases as `a` grows. So for each B there are two
 * candidates: the least `a` whose error is >= 0 and the one before it. `leastStart` names the boundary. Subsets B that lie
 * further off than the nearest pair, by more than roundings could make up, are passed over. Every step is bounded for
 * any items, equal ones and powers of two included: O(2^(n/2) n) in all.
 */
import { leastStart, neighbour } from './least-start.js'
import { checkProblem, MAX_EXACT_ITEMS, type SubsetSumSolution, solutionOfMask } from './problem.js'

interface HalfSums {
  /** Sums in ascending order, each added in index order; [2^h]. */
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

/** Index of the first of ascending sums that is >= bound; their number where none is. */
function firstFrom(sums: Float64Array, bound: number): number {
  let low = 0
  for (let high = sums.length; low < high; ) {
    const middle = (low + high) >> 1
    if (sums[middle] < bound) low = middle + 1
    else high = middle
  }
  return low
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

  /** The error of first-half sum `sum` with the second-half subset `mask`. */
  const errorFrom = (sum: number, mask: number): number => {
    for (let k = half; k < n; k++) if ((mask >>> (k - half)) & 1) sum += items[k]
    return sum - target
  }
  /** The least first-half sum whose error with the second-half subset is >= `error`. */
  const leastFor = (mask: number, error: number): number => {
    let bound = leastStart(-target, error)
    for (let k = n - 1; k >= half; k--) if ((mask >>> (k - half)) & 1) bound = leastStart(items[k], bound)
    return bound
  }

  // Two float64 sums of the same n numbers differ by at most 2 n 2^-53 sum|p|; the last subtraction adds its rounding.
  let magnitude = Math.abs(target)
  for (let i = 0; i < n; i++) magnitude += Math.abs(items[i])
  const threshold = leastGap(a.sums, b.sums, target) + 4 * (n + 2) * 2 ** -53 * magnitude

  let bestGap = Number.POSITIVE_INFINITY
  let bestHigh = 0
  for (let j = b.sums.length - 1, i = 0; j >= 0; j--) {
    while (i < a.sums.length && a.sums[i] + b.sums[j] - target < -threshold) i++
    if (i === a.sums.length) break
    if (a.sums[i] + b.sums[j] - target > threshold) continue
    const high = b.masks[j]
    const above = firstFrom(a.sums, leastFor(high, 0))
    for (let near = Math.max(0, above - 1); near <= above && near < a.sums.length; near++) {
      const gap = Math.abs(errorFrom(a.sums[near], high))
      if (gap < bestGap || (gap === bestGap && high < bestHigh)) {
        bestGap = gap
        bestHigh = high
      }
    }
  }

  // Equal gaps: the smaller mask of the second half has won; of the first half it is the smallest with the error +-gap.
  let bestLow = 2 ** half
  for (const error of [-bestGap, bestGap]) {
    const end = firstFrom(a.sums, leastFor(bestHigh, neighbour(error, 1)))
    for (let i = firstFrom(a.sums, leastFor(bestHigh, error)); i < end; i++) bestLow = Math.min(bestLow, a.masks[i])
  }
  return solutionOfMask(items, target, bestLow + bestHigh * 2 ** half)
}
