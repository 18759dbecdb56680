/**
 * `strong-lottery-tickets/ticket`: tickets opened and checked, their masks read, their random weights made again, and small
 * ones as text (`ticketLink`, `readTicketText`). docs/ticket-format.md specifies the file.
 *
 *     const ticket = await openTicket(memorySource(bytes, 'play.slt.safetensors'), webSha256)
 *     const weights = await materialiseSearched(expectSearched(ticket), generateWeights)
 *
 * Loads nothing of Node and one package, @noble/hashes: SHA-256 piece by piece, which WebCrypto lacks. Weights are made in
 * TypeScript by `generateWeights`; `strong-lottery-tickets/web` makes them faster, and runs them.
 */

export { webSha256 } from '../engine/web-sha256.js'
export { generateWeights, type Initialisation, type Seed } from '../random/index.js'
export { type ByteSource, InputError, memorySource } from '../safetensors/index.js'
export { type CompactTicket, decodeCompact, encodeCompact } from '../ticket/compact.js'
export {
  type CreateSha256,
  expectPruned,
  expectSearched,
  type MaskCoding,
  type MaskedPair,
  materialisePair,
  materialiseSearched,
  openTicket,
  type PairMasks,
  type PairReport,
  type PairSpec,
  type PrunedTicket,
  type SearchedTicket,
  type Sha256,
  type Ticket,
  type TicketMetadata,
} from '../ticket/index.js'
export { readTicketText, ticketDigits, ticketLink } from '../ticket/ticket-text.js'
