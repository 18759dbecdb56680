/**
 * `strong-lottery-tickets/subset-sum`: the subset of some numbers whose sum is closest to a target, exact to 28 numbers.
 *
 * `solveSubsetSum` answers one problem. A solver answers many: `createTypeScriptSolver()` anywhere, and
 * `createWasmSolver(await instantiateKernels(bytes))` faster, with the bytes of `strong-lottery-tickets/kernels.wasm`. All of
 * them give the same bits.
 *
 * Loads no package and nothing of Node.
 */
export { createWasmSolver, instantiateKernels, type Kernels } from '../kernels/index.js'
export {
  bruteForce,
  createTypeScriptSolver,
  expectedGap,
  MAX_EXACT_ITEMS,
  MAX_ITEMS,
  meetInTheMiddle,
  type SubsetSumBatch,
  type SubsetSumBatchProblem,
  type SubsetSumSolution,
  type SubsetSumSolver,
  solveSubsetSum,
} from '../subset-sum/index.js'
