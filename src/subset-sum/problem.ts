/**
 * The random subset-sum problem (paper, Lemma 4/7): given items p_0..p_(n-1) and a target t, keep the subset whose sum
 * comes closest to t.
 *
 * What "closest" means is fixed here, once, for every solver: the objective of a subset is |s - t|, with s the float64
 * sum of the kept items added in index order, starting at 0. Of two subsets with equal objectives the one whose mask is
 * the smaller integer (item i is bit i) wins. So the answer is unique and all solvers give the same one.
 */

/** A solved problem. */
export interface SubsetSumSolution {
  /** 1 for a kept item, 0 for a dropped one; shape [n]. */
  keep: Uint8Array
  /** Float64 sum of the kept items, added in index order. */
  sum: number
  /** `sum - target`. */
  error: number
  /** Whether the target lies between the sum of the negative and the sum of the positive items, inclusive. */
  reachable: boolean
  /**
   * Whether it is proved that no subset is better. Always true up to {@link MAX_EXACT_ITEMS} items; beyond, where it is
   * true (anchored.ts), a better one could gain no more than the rounding of the float64 sums.
   */
  optimal: boolean
}

/** Many problems of one size. */
export interface SubsetSumBatchProblem {
  /** Items a problem, n, from 1 to {@link MAX_ITEMS}. */
  itemCount: number
  /** Float64 items, row-major [count, n]; finite. */
  items: Float64Array
  /** Float64 targets, [count]; finite. */
  targets: Float64Array
}

/** Solutions of a batch. */
export interface SubsetSumBatch {
  /** Kept items, [count, ceil(n / 32)]; item i is bit `i & 31` of word `i >> 5`. */
  masks: Uint32Array
  /** Sum minus target, [count]. */
  errors: Float64Array
  /** 1 where the target was within reach, [count]. */
  reachable: Uint8Array
}

/** One interface over the rungs of the kernel ladder: brute force, TypeScript, WebAssembly. */
export interface SubsetSumSolver {
  solve(problem: SubsetSumBatchProblem): SubsetSumBatch
}

/** Up to this many items every solver but brute force is provably optimal. */
export const MAX_EXACT_ITEMS = 28
/** Beyond {@link MAX_EXACT_ITEMS} and up to this many, random items are solved to float precision (anchored.ts). */
export const MAX_ITEMS = 256

/** Throws TypeError or RangeError unless items and target are finite numbers and 1 <= n <= MAX_ITEMS. */
export function checkProblem(items: ArrayLike<number>, target: number): void {
  checkItemCount(items.length)
  for (let i = 0; i < items.length; i++) {
    if (typeof items[i] !== 'number') throw new TypeError(`"items[${i}]" expected a number, got ${typeof items[i]}`)
    if (!Number.isFinite(items[i])) throw new RangeError(`"items[${i}]" expected a finite number, got ${items[i]}`)
  }
  if (typeof target !== 'number') throw new TypeError(`"target" expected a number, got ${typeof target}`)
  if (!Number.isFinite(target)) throw new RangeError(`"target" expected a finite number, got ${target}`)
}

/** Throws RangeError unless n is an integer in 1..MAX_ITEMS. */
export function checkItemCount(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > MAX_ITEMS)
    throw new RangeError(`"items" expected 1 to ${MAX_ITEMS} items, got ${n}`)
}

/** Throws RangeError unless the arrays of a batch fit each other and hold finite numbers. */
export function checkBatch(problem: SubsetSumBatchProblem): void {
  const { itemCount, items, targets } = problem
  checkItemCount(itemCount)
  if (items.length !== targets.length * itemCount)
    throw new RangeError(`"items" expected ${targets.length} x ${itemCount} values, got ${items.length}`)
  const wrong = items.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) throw new RangeError(`"items[${wrong}]" expected a finite number, got ${items[wrong]}`)
  const off = targets.findIndex((value) => !Number.isFinite(value))
  if (off >= 0) throw new RangeError(`"targets[${off}]" expected a finite number, got ${targets[off]}`)
}

/** Sums of the negative and of the positive items, the ends of what a subset can reach. */
export function reach(items: ArrayLike<number>): { low: number; high: number } {
  let low = 0
  let high = 0
  for (let i = 0; i < items.length; i++) {
    if (items[i] < 0) low += items[i]
    else high += items[i]
  }
  return { low, high }
}

/** {@link solutionOf} of a mask of up to 32 items, bit i for item i. */
export function solutionOfMask(items: ArrayLike<number>, target: number, mask: number): SubsetSumSolution {
  const keep = Uint8Array.from({ length: items.length }, (_, i) => (mask >>> i) & 1)
  return solutionOf(items, target, keep, true)
}

/** Builds a solution, with the canonical sum, from a 0/1 selection of shape [n]. */
export function solutionOf(
  items: ArrayLike<number>,
  target: number,
  keep: Uint8Array,
  optimal: boolean,
): SubsetSumSolution {
  let sum = 0
  for (let i = 0; i < items.length; i++) if (keep[i] === 1) sum += items[i]
  const { low, high } = reach(items)
  return { keep, sum, error: sum - target, reachable: target >= low && target <= high, optimal }
}
