export {
  type Construction,
  type DenseSpec,
  FORMAT_VERSION,
  GENERATOR,
  gpt2Dense,
  type Probe,
  type TicketMetadata,
  type TicketPlan,
} from './format.js'
export { countKept, type MaskedPair, materialisePair } from './masked-weights.js'
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
export { openTicket, type Ticket } from './read.js'
export type { CreateSha256, Sha256 } from './sha256.js'
export type { TicketStorage, WorkingFiles } from './storage.js'
export { openTicketWriter, type TicketWriter, type TicketWriterOptions } from './write.js'
