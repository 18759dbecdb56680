/**
 * strong-lottery-tickets: prune a randomly initialised transformer, changing no weight, until it is the one you wanted.
 *
 * The construction of arXiv 2511.04217 on a GPT-2 (`prune`, `verify`) and on the paper's own small models in float64
 * (`pruneAttention`, `pruneFeedForward`, `pruneTransformer`), the exact subset-sum solvers behind it, the random source
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
export {
  type Attention,
  attend,
  type FactoredHead,
  type Head,
  type MergedHead,
  mergeHead,
} from './model/attention.js'
export type { AttentionMask } from './model/attention-mask.js'
export { createGpt2 } from './model/gpt2.js'
export { type Gpt2Config, gpt2Shapes } from './model/gpt2-config.js'
export { generateGreedy, generateGreedyBatch } from './model/gpt2-generate.js'
export type { Gpt2Weights } from './model/gpt2-weights.js'
export {
  type Block,
  type DenseLayer,
  type FeedForward,
  feedForward,
  forwardBlock,
  forwardTransformer,
  type NormFreeTransformer,
} from './model/norm-free-transformer.js'
export type { PruneOptions, PruneReport } from './prune/gpt2.js'
export {
  type AttentionSource,
  type AttentionSourceOptions,
  createAttentionSource,
  literalAttention,
  type PrunedAttention,
  pruneAttention,
} from './prune/paper-attention.js'
export {
  createFeedForwardSource,
  type FeedForwardSourceOptions,
  literalFeedForward,
  type PrunedFeedForward,
  pruneFeedForward,
} from './prune/paper-feed-forward.js'
export {
  maskedMatrices,
  type PairJob,
  type PrunedPair,
  prunePairs,
  type SourcePair,
} from './prune/paper-pair.js'
export { createSourcePair, type SourceInitialisation, type SourcePairOptions } from './prune/paper-source.js'
export {
  createTransformerSource,
  literalTransformer,
  type PrunedTransformer,
  pruneTransformer,
  type TransformerSource,
  type TransformerSourceOptions,
} from './prune/paper-transformer.js'
export type { PruneProgress } from './prune/prune-pairs.js'
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
export {
  type AttentionErrors,
  attentionErrorBound,
  type Bound,
  type BoundsOptions,
  bounds,
  softmaxPerturbationBound,
} from './theory/index.js'
export {
  materialisePair,
  openTicket,
  type PairMasks,
  type PairReport,
  type PairSpec,
  type Ticket,
  type TicketMetadata,
} from './ticket/index.js'
