/**
 * strong-lottery-tickets: prune a randomly initialised transformer, changing no weight, until it is the one you wanted.
 *
 * Edge-popup for language models (`search`; `train` is the dense baseline of the same loop, `kind: 'train'`), what becomes of
 * its tickets (`evaluateTicket`, `continueText`, `embedTexts`, `inspectFile`, `compareModels`), and the devices it runs on (`openGraphRunner`). The differentiable graph
 * builder is at `strong-lottery-tickets/graph`.
 *
 * The construction of arXiv 2511.04217 on models of any family (`prune`, `verify`; families are written with `strong-lottery-tickets/families`) and on the paper's own small models in float64
 * (`pruneAttention`, `pruneFeedForward`, `pruneTransformer`), the exact subset-sum solvers behind it, the random source
 * that every weight comes from, the ticket format, and the bounds of the paper. This entry point is for Node.
 */

export { decodeMask, encodeMask, type MaskShape, maskGeometry, startProbability } from './coding/index.js'
export { type Corpus, loadTokenizer, type Tokenizer, type Tokens } from './data/index.js'
export { type DeviceName, type OpenedRunner, openGraphRunner } from './engine/device.js'
export { loadSolver } from './engine/node.js'
export { createGraphRunner } from './engine/onnx.js'
export { rebuildTicket } from './engine/rebuild-ticket.js'
export {
  type CalibrationOptions,
  calibrateC,
  choosePreset,
  type FigureId,
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
export type { BertConfig } from './families/bert/config.js'
export { type Gpt2Config, gpt2Shapes } from './families/gpt2/config.js'
export {
  type BaseConfig,
  countParameters,
  createCachedDecoder,
  createDenseModel,
  type Decoder,
  type DenseModel,
  type Encoder,
  type EncoderInputs,
  type Family,
  families,
  familyOf,
  generateGreedy,
  generateGreedyBatch,
  generateTokens,
  type LanguageModel,
  type LossModel,
  type MatrixParameter,
  type ModelWeights,
  matricesOf,
  type Norms,
  type Parameter,
  parametersOf,
  registerFamily,
  type Sampling,
  sampleToken,
} from './families/index.js'
export type { LlamaConfig } from './families/llama/config.js'
export { type CorpusOptions, openCorpus } from './files/corpus-files.js'
export { openFile } from './files/files.js'
export { nodeSha256 } from './files/sha256.js'
export {
  type ComparisonReport,
  compareTickets,
  inspectTicket,
  type MatrixReport,
  type TicketReport,
} from './inspect/index.js'
export {
  encodeTruncated,
  type FolderTokenizer,
  type GgufModel,
  type ModelFolder,
  openFolderTokenizer,
  openGgufModel,
  openModelFolder,
  readFolderTokenizer,
  readModelFolder,
  readSentenceSettings,
  type SentenceSettings,
} from './interop/index.js'
export { type ComparedModel, type CompareReport, type CompareRequest, compareModels } from './jobs/compare.js'
export {
  type Embedder,
  type EmbedderOptions,
  type Embeddings,
  type EmbedReport,
  type EmbedRequest,
  embedTexts,
  openEmbedder,
} from './jobs/embed.js'
export { exportModel } from './jobs/export-model.js'
export type { ExportReport, ExportRequest } from './jobs/export-request.js'
export { inspectFile } from './jobs/inspect.js'
export { type ModelSource, openModelSource } from './jobs/model-source.js'
export { type OpenedModel, openModel } from './jobs/open-model.js'
export { pruneModel as prune, type VerifyFileOptions, verifyModel as verify } from './jobs/prune.js'
export { type RecodeReport, recodeTicket } from './jobs/recode-ticket.js'
export { type SearchReport, type SearchRequest, type SearchStart, search } from './jobs/search.js'
export { type EvalReport, type EvalRequest, evaluateTicket } from './jobs/searched-eval.js'
export { continueText, type TextRequest } from './jobs/searched-text.js'
export { openTicketModel, type TicketModel } from './jobs/ticket-model.js'
export { importTicket, linkTicket, type TextOptions, type TextReport, writeTicketQr } from './jobs/ticket-text.js'
export { createMaskDecoder, type DecodeMask } from './kernels/index.js'
export {
  type Attention,
  attend,
  type FactoredHead,
  type Head,
  type MergedHead,
  mergeHead,
} from './paper/attention.js'
export type { AttentionMask } from './paper/attention-mask.js'
export { factoredConstruction } from './paper/factored-construction.js'
export {
  attendMergedRotary,
  type MergedRotaryAttention,
  type MergedRotaryHead,
  mergeRotary,
} from './paper/merged-rotary.js'
export {
  type Block,
  type DenseLayer,
  type FeedForward,
  feedForward,
  forwardBlock,
  forwardTransformer,
  type NormFreeTransformer,
} from './paper/norm-free-transformer.js'
export {
  type AttentionSource,
  type AttentionSourceOptions,
  createAttentionSource,
  literalAttention,
  type PrunedAttention,
  pruneAttention,
} from './paper/prune-attention.js'
export {
  createFeedForwardSource,
  type FeedForwardSourceOptions,
  literalFeedForward,
  type PrunedFeedForward,
  pruneFeedForward,
} from './paper/prune-feed-forward.js'
export {
  maskedMatrices,
  type PairJob,
  type PrunedPair,
  prunePairs,
  type SourcePair,
} from './paper/prune-pair.js'
export {
  literalRotary,
  type PrunedRotary,
  pruneRotary,
  type RotaryConstruction,
  type RotarySourceOptions,
} from './paper/prune-rotary.js'
export {
  createTransformerSource,
  literalTransformer,
  type PrunedTransformer,
  pruneTransformer,
  type TransformerSource,
  type TransformerSourceOptions,
} from './paper/prune-transformer.js'
export {
  attendRotary,
  halvesFromPairs,
  type Projection,
  type RotaryAttention,
  type RotaryGroup,
  type RotaryShape,
  rotaryFrequencies,
} from './paper/rotary-attention.js'
export { rotaryConstruction } from './paper/rotary-construction.js'
export { createSourcePair, type SourceInitialisation, type SourcePairOptions } from './paper/source.js'
export type { PruneOptions, PruneReport } from './prune/prune.js'
export type { PruneProgress } from './prune/prune-pairs.js'
export type { Check } from './prune/verify.js'
export {
  fillWords,
  generateWeights,
  type Initialisation,
  normal,
  philox4x32,
  type Seed,
  uniform,
} from './random/index.js'
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
