/**
 * strong-lottery-tickets: prune a randomly initialised transformer, changing no weight, until it is the one you wanted.
 *
 * Edge-popup for language models (`search`; `train` is the dense baseline of the same loop, `kind: 'train'`), what becomes of
 * its tickets (`evaluateTicket`, `continueText`, `inspectFile`, `compareModels`), and the devices it runs on (`openGraphRunner`). The differentiable graph
 * builder is at `strong-lottery-tickets/graph`.
 *
 * The construction of arXiv 2511.04217 on a GPT-2 (`prune`, `verify`) and on the paper's own small models in float64
 * (`pruneAttention`, `pruneFeedForward`, `pruneTransformer`), the exact subset-sum solvers behind it, the random source
 * that every weight comes from, the ticket format, and the bounds of the paper. This entry point is for Node.
 */

export { decodeMask, encodeMask, type MaskShape, maskGeometry, startProbability } from './coding/index.js'
export { type Corpus, loadTokenizer, type Tokenizer } from './data/index.js'
export {
  type CalibrationOptions,
  calibrateC,
  choosePreset,
  type FigureNumber,
  type FigureOptions,
  type FigureResult,
  figure7Runs,
  figure8Runs,
  type LanguageFigureOptions,
  type LanguageFigureResult,
  type LanguageModelOutcome,
  type LanguageModelRequest,
  type LanguagePreset,
  type PresetChanges,
  type PresetName,
  type RunLanguageModel,
  renderFigure,
  renderReport,
  runFigure,
  runFigure7,
  runFigure8,
  type TrainedTarget,
  trainTarget,
} from './experiments/index.js'
export { inspectTicket, type MatrixReport, type TicketReport } from './inspect/index.js'
export { type Gpt2Folder, openGpt2Folder, readGpt2Folder } from './interop/index.js'
export { createMaskDecoder, type DecodeMask } from './kernels/index.js'
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
export { type Decoder, generateGreedy, generateGreedyBatch, generateTokens } from './model/gpt2-generate.js'
export { type BiasFreeGpt2, type Gpt2Matrix, gpt2Matrices, type Norms } from './model/gpt2-matrices.js'
export { type Sampling, sampleToken } from './model/gpt2-sampling.js'
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
export { type ComparedModel, type CompareReport, type CompareRequest, compareModels } from './runtime/compare.js'
export { type CorpusOptions, openCorpus } from './runtime/corpus-files.js'
export { type DeviceName, type OpenedRunner, openGraphRunner } from './runtime/device.js'
export { type ExportReport, type ExportRequest, exportModel } from './runtime/export-model.js'
export { openFile } from './runtime/files.js'
export { inspectFile } from './runtime/inspect.js'
export { type ModelSource, openModelSource } from './runtime/model-source.js'
export { loadSolver } from './runtime/node.js'
export { createGraphRunner } from './runtime/onnx.js'
export { type OpenedModel, openModel } from './runtime/open-model.js'
export { pruneGpt2 as prune, type VerifyFileOptions, verifyGpt2 as verify } from './runtime/prune.js'
export { rebuildTicket } from './runtime/rebuild-ticket.js'
export { type RecodeReport, recodeTicket } from './runtime/recode-ticket.js'
export { type SearchReport, type SearchRequest, type SearchStart, search } from './runtime/search.js'
export { type EvalReport, type EvalRequest, evaluateTicket } from './runtime/searched-eval.js'
export { continueText, type TextRequest } from './runtime/searched-text.js'
export { nodeSha256 } from './runtime/sha256.js'
export { openTicketModel, type TicketModel } from './runtime/ticket-model.js'
export { importTicket, linkTicket, type TextOptions, type TextReport, writeTicketQr } from './runtime/ticket-text.js'
export { InputError, MEMORY_LIMIT, type MemoryBudget, MemoryLimitError } from './safetensors/index.js'
export { chooseSettings, type SearchSettings, type SettingsChoice } from './search/settings.js'
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
export { type CompactTicket, decodeCompact, encodeCompact } from './ticket/compact.js'
export {
  type MaskCoding,
  materialisePair,
  materialiseSearched,
  type OpenOptions,
  openTicket,
  type PairMasks,
  type PairReport,
  type PairSpec,
  type PrunedTicket,
  type SearchedTicket,
  type Ticket,
  type TicketMetadata,
} from './ticket/index.js'
export { qrCapacity, type TicketQr, ticketQr } from './ticket/ticket-qr.js'
export { readTicketText, ticketDigits, ticketLink } from './ticket/ticket-text.js'
