export { bruteForce } from './brute-force.js'
export { expectedGap } from './expected-gap.js'
export { meetInTheMiddle } from './meet-in-the-middle.js'
export {
  MAX_EXACT_ITEMS,
  MAX_ITEMS,
  type SubsetSumBatch,
  type SubsetSumBatchProblem,
  type SubsetSumSolution,
  type SubsetSumSolver,
} from './problem.js'
export { createTypeScriptSolver, solveSubsetSum } from './typescript-solver.js'
