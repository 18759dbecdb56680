import { solveAnchored } from '../subset-sum/anchored.js'
import {
  checkBatch,
  MAX_EXACT_ITEMS,
  type SubsetSumBatch,
  type SubsetSumBatchProblem,
  type SubsetSumSolver,
} from '../subset-sum/problem.js'
import type { Kernels } from './kernels.js'

/** Exact batches up to MAX_EXACT_ITEMS items, in WebAssembly. */
function solveExact(kernels: Kernels, { itemCount, items, targets }: SubsetSumBatchProblem): SubsetSumBatch {
  const count = targets.length
  const [itemsAt, targetsAt, masksAt, errorsAt, reachableAt] = kernels.reserve(
    items.byteLength,
    targets.byteLength,
    count * 4,
    count * 8,
    count,
  )
  const { buffer } = kernels.exports.memory
  new Float64Array(buffer, itemsAt, items.length).set(items)
  new Float64Array(buffer, targetsAt, count).set(targets)
  kernels.exports.solveBatch(itemsAt, targetsAt, count, itemCount, masksAt, errorsAt, reachableAt)
  return {
    masks: new Uint32Array(buffer, masksAt, count).slice(),
    errors: new Float64Array(buffer, errorsAt, count).slice(),
    reachable: new Uint8Array(buffer, reachableAt, count).slice(),
  }
}

/** The fast rung of the ladder: four problems side by side in WebAssembly SIMD, on the calling thread. */
export function createWasmSolver(kernels: Kernels): SubsetSumSolver {
  return {
    solve(problem) {
      checkBatch(problem)
      return problem.itemCount <= MAX_EXACT_ITEMS
        ? solveExact(kernels, problem)
        : solveAnchored((exact) => solveExact(kernels, exact), MAX_EXACT_ITEMS, problem)
    },
  }
}
