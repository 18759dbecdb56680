import { solveAnchored } from '../subset-sum/anchored.js'
import {
  checkBatch,
  MAX_EXACT_ITEMS,
  type SubsetSumBatch,
  type SubsetSumBatchProblem,
  type SubsetSumSolver,
} from '../subset-sum/problem.js'
import { createTypeScriptSolver } from '../subset-sum/typescript-solver.js'
import type { Kernels } from './kernels.js'

/** Exact batches up to MAX_EXACT_ITEMS items, in WebAssembly; no item may be 0. */
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

/**
 * Items equal to 0 never belong to the canonical answer, and only multiply ties: solve without them, problem by problem
 * of equal size, and put the masks back.
 */
function solveWithoutZeros(kernels: Kernels, problem: SubsetSumBatchProblem): SubsetSumBatch {
  const { itemCount: n, items, targets } = problem
  if (!items.includes(0)) return solveExact(kernels, problem)
  const count = targets.length
  const batch = { masks: new Uint32Array(count), errors: new Float64Array(count), reachable: new Uint8Array(count) }
  for (let c = 0; c < count; c++) {
    const kept = Array.from({ length: n }, (_, k) => k).filter((k) => items[c * n + k] !== 0)
    const part =
      kept.length === 0
        ? { masks: [0], errors: [-targets[c]], reachable: [targets[c] === 0 ? 1 : 0] }
        : solveExact(kernels, {
            itemCount: kept.length,
            items: Float64Array.from(kept, (k) => items[c * n + k]),
            targets: targets.subarray(c, c + 1),
          })
    kept.forEach((k, bit) => {
      batch.masks[c] |= ((part.masks[0] >>> bit) & 1) << k
    })
    batch.errors[c] = part.errors[0]
    batch.reachable[c] = part.reachable[0]
  }
  return batch
}

/**
 * Whether a problem is outside what the kernel's fixed point stands for: sums of magnitudes outside 2^-800..2^800, or a
 * target so far out of reach that float64 rounds different sums to one error.
 */
function isExtreme({ itemCount: n, items, targets }: SubsetSumBatchProblem): boolean {
  for (let c = 0; c < targets.length; c++) {
    let total = 0
    for (let k = 0; k < n; k++) total += Math.abs(items[c * n + k])
    if (total === 0) continue
    if (total > 2 ** 800 || total < 2 ** -800 || Math.abs(targets[c]) > 2 ** 16 * total) return true
  }
  return false
}

/** The fast rung of the ladder: four problems side by side in WebAssembly SIMD, on the calling thread. */
export function createWasmSolver(kernels: Kernels): SubsetSumSolver {
  const typeScript = createTypeScriptSolver()
  return {
    solve(problem) {
      checkBatch(problem)
      if (isExtreme(problem)) return typeScript.solve(problem)
      return problem.itemCount <= MAX_EXACT_ITEMS
        ? solveWithoutZeros(kernels, problem)
        : solveAnchored((exact) => solveWithoutZeros(kernels, exact), MAX_EXACT_ITEMS, problem)
    },
  }
}
