export type { Deflate } from './coding.js'
export {
  attentionConstructions,
  type Construction,
  choiceOf,
  denseKinds,
} from './construction.js'
export { printableName } from './corpus-name.js'
export type { PrunedMetadata, TicketMetadata, TicketPlan } from './format.js'
export {
  type DenseSpec,
  FORMAT_VERSIONS,
  GENERATOR,
  layouts,
  type MaskCoding,
  maskCodings,
  PROBE_LIMIT,
  type Probe,
  probeTolerance,
  type TicketLayout,
} from './head.js'
export { countKept, type MaskedPair, materialisePair } from './masked-weights.js'
export {
  contentBytes,
  hiddenBytes,
  inspectionBytes,
  pairsBytes,
  plannedBytes,
  productBytes,
  rebuildBytes,
} from './memory.js'
export { familyTitle } from './metadata.js'
export type { OpenedTicket } from './opened.js'
export { assertMaskName, DEFAULT_MASK } from './packed-metadata.js'
export {
  assertPairMasks,
  assertPairReport,
  assertPairSpec,
  DROPPED,
  type PairMasks,
  type PairReport,
  type PairSpec,
  type RandomMatrix,
} from './pair.js'
export { keptDense, plannedPairs } from './planned-pairs.js'
export { expectPruned, expectSearched, type OpenOptions, openTicket, type Ticket } from './read.js'
export type { PrunedTicket } from './read-pruned.js'
export type { SearchedTicket, StoredMask, StoredPart } from './read-searched.js'
export { recodePruned, searchedContent } from './recode.js'
export { refusingAsync } from './refusing.js'
export {
  COAT_LIMIT,
  GENERATION_STRIDE,
  type SearchedMatrix,
  type SearchedMetadata,
  type SearchSummary,
  searchedMetadataOf,
  ticketTokenizers,
} from './searched.js'
export type { SearchedMask } from './searched-masks.js'
export { assertSearchedMetadata, vocabularyOf } from './searched-metadata.js'
export { type MaskedMatrix, materialiseMatrix, materialiseSearched, redrawWeights } from './searched-weights.js'
export {
  type EncodedTicket,
  encodeMasks,
  encodeSearchedTicket,
  type FoundMatrix,
  type SearchedContent,
} from './searched-write.js'
export type { CreateSha256, Sha256 } from './sha256.js'
export type { TicketStorage, WorkingFiles } from './storage.js'
export { openTicketWriter, type TicketWriter, type TicketWriterOptions } from './write.js'
