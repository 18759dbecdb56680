/**
 * strong-lottery-tickets: prune a randomly initialised transformer, changing no weight, until it is the one you wanted.
 *
 * The construction of arXiv 2511.04217 (`prune`, `verify`), the exact subset-sum solvers behind it, the random source
 * that every weight comes from, the ticket format, and the bounds of the paper. This entry point is for Node.
 */

export {
  type CalibrationOptions,
  calibrateC,
  type FigureNumber,
  type FigureOptions,
  type FigureResult,
  renderFigure,
  renderReport,
  runFigure,
} from './experiments/index.js'
export { type Gpt2Folder, openGpt2Folder, readGpt2Folder } from './interop/index.js'
export { createGpt2 } from './model/gpt2.js'
export { type Gpt2Config, gpt2Shapes } from './model/gpt2-config.js'
export { generateGreedy, generateGreedyBatch } from './model/gpt2-generate.js'
export type { Gpt2Weights } from './model/gpt2-weights.js'
export type { PruneOptions, PruneProgress, PruneReport } from './prune/gpt2.js'
export type { Check } from './prune/verify-gpt2.js'
export {
  fillWords,
  generateWeights,
  type Initialisation,
  normal,
  philox4x32,
  type Seed,
  uniform,
} from './random/index.js'
export { openFile } from './runtime/files.js'
export { loadSolver } from './runtime/node.js'
export { createGraphRunner } from './runtime/onnx.js'
export { pruneGpt2 as prune, type VerifyFileOptions, verifyGpt2 as verify } from './runtime/prune.js'
export { nodeSha256 } from './runtime/sha256.js'
export { openTicketModel, type TicketModel } from './runtime/ticket-model.js'
export { InputError } from './safetensors/index.js'
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
} from './subset-sum/index.js'
export { type Bound, type BoundsOptions, bounds } from './theory/index.js'
export {
  materialisePair,
  openTicket,
  type PairMasks,
  type PairReport,
  type PairSpec,
  type Ticket,
  type TicketMetadata,
} from './ticket/index.js'
