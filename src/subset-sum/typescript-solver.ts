import { solveAnchored } from './anchored.js'
import { meetInTheMiddle } from './meet-in-the-middle.js'
import {
  checkBatch,
  checkProblem,
  MAX_EXACT_ITEMS,
  type SubsetSumBatch,
  type SubsetSumBatchProblem,
  type SubsetSumSolution,
  type SubsetSumSolver,
  solutionOf,
} from './problem.js'

function solveExact({ itemCount, items, targets }: SubsetSumBatchProblem): SubsetSumBatch {
  const count = targets.length
  const batch = { masks: new Uint32Array(count), errors: new Float64Array(count), reachable: new Uint8Array(count) }
  for (let c = 0; c < count; c++) {
    const solution = meetInTheMiddle(items.subarray(c * itemCount, (c + 1) * itemCount), targets[c])
    for (let k = 0; k < itemCount; k++) batch.masks[c] |= solution.keep[k] << k
    batch.errors[c] = solution.error
    batch.reachable[c] = solution.reachable ? 1 : 0
  }
  return batch
}

/** The clear rung of the ladder: meet in the middle in TypeScript, no WebAssembly needed. */
export function createTypeScriptSolver(): SubsetSumSolver {
  return {
    solve(problem) {
      checkBatch(problem)
      return problem.itemCount <= MAX_EXACT_ITEMS
        ? solveExact(problem)
        : solveAnchored(solveExact, MAX_EXACT_ITEMS, problem)
    },
  }
}

/**
 * Solves one subset-sum problem: the subset of `items` whose float64 sum in index order is closest to `target`
 * (definition in problem.ts; paper, Lemma 4/7).
 *
 * @param items 1 to 256 finite numbers. Up to 28 the answer is provably optimal; beyond, random items are solved to float
 * precision, and what special items (all alike, say) would allow may be missed: `optimal` tells
 * @param target finite
 * @throws TypeError for what is not a number, RangeError for what is out of range
 */
export function solveSubsetSum(items: ArrayLike<number>, target: number): SubsetSumSolution {
  checkProblem(items, target)
  if (items.length <= MAX_EXACT_ITEMS) return meetInTheMiddle(items, target)
  const problem = { itemCount: items.length, items: Float64Array.from(items), targets: Float64Array.of(target) }
  const { masks, optimal } = solveAnchored(solveExact, MAX_EXACT_ITEMS, problem)
  const keep = Uint8Array.from({ length: items.length }, (_, k) => (masks[k >> 5] >>> (k & 31)) & 1)
  return solutionOf(items, target, keep, optimal[0] === 1)
}
