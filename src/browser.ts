/**
 * strong-lottery-tickets for browsers and workers (`strong-lottery-tickets/web`): open a ticket, make its weights again from the
 * seed with the WebAssembly kernels, and run it on ONNX Runtime's web package, which the application brings. Nothing here
 * reaches `node:*`.
 *
 * `strong-lottery-tickets/kernels.wasm` is the file that `loadKernelsFrom` fetches.
 */

export { createLetterTokenizer, loadTokenizer, type Tokenizer, type Tokens } from './data/index.js'
export type { RunningModel } from './engine/running-model.js'
export { networkWeights, type SearchedNetwork } from './engine/searched-weights.js'
export {
  type ChosenWebDevice,
  chooseWebDevice,
  createWebGraphRunner,
  loadKernelsFrom,
  type WebDevice,
  type WebOrt,
} from './engine/web.js'
export { webSha256 } from './engine/web-sha256.js'
export {
  continueText,
  decodeTicketText,
  openTicketBytes,
  PAGE_MEMORY_LIMIT,
  rebuildPairs,
  rebuildTicket,
  runTicket,
} from './engine/web-ticket.js'
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
export type { GraphRunner, LoadedGraph } from './graph/runner.js'
export {
  type ComparisonReport,
  compareTickets,
  inspectTicket,
  type MatrixReport,
  type TicketReport,
} from './inspect/index.js'
export { encodeTruncated, type FolderTokenizer, readFolderTokenizer } from './interop/folder-tokenizer.js'
export { createGenerator, createMaskDecoder, instantiateKernels, type Kernels } from './kernels/index.js'
export { generateWeights, type Initialisation, type Seed } from './random/index.js'
export { type ByteSource, InputError, MEMORY_LIMIT, type MemoryBudget, MemoryLimitError } from './safetensors/index.js'
export type { TextPiece, TextRequest } from './search/continue-text.js'
export { type CompactTicket, decodeCompact, encodeCompact } from './ticket/compact.js'
export {
  type MaskCoding,
  type MaskedPair,
  materialisePair,
  type OpenOptions,
  openTicket,
  type PairMasks,
  type PairSpec,
  type PrunedTicket,
  type SearchedTicket,
  type Sha256,
  type Ticket,
  type TicketMetadata,
} from './ticket/index.js'
export { qrCapacity, type TicketQr, ticketQr } from './ticket/ticket-qr.js'
export { readTicketText, ticketDigits, ticketLink } from './ticket/ticket-text.js'
