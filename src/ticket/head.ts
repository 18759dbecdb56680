/** What tickets of every kind have: versions, names of codings, the head of the metadata. */

/**
 * Versions of the ticket format. 1 holds masks of a GPT-2 as plain bits, 2 holds them coded; 3 holds every family, and networks that
 * keep nothing dense; 4 holds searched networks of every family with all masks in one tensor. All are read.
 */
export const FORMAT_VERSIONS = ['1', '2', '3', '4'] as const
export type FormatVersion = (typeof FORMAT_VERSIONS)[number]

/** Name and version of the recipe that turns (seed, stream, index) into weights; see docs/ticket-format.md. */
export const GENERATOR = { name: 'philox4x32-10', version: '1' } as const

/** Key of the metadata and of the hash under `__metadata__`. */
export const METADATA_KEY = 'slt'
export const HASH_KEY = 'slt.sha256'

/**
 * How masks are stored.
 * - `bits`: packed bits, one a weight.
 * - `deflate`: the same bytes under raw deflate (RFC 1951).
 * - `range`: coded by `encodeMask` of src/coding, which knows the scores that the search started from.
 */
export const maskCodings = ['bits', 'deflate', 'range'] as const
export type MaskCoding = (typeof maskCodings)[number]

/**
 * How a searched ticket is laid out: `packed` has one tensor for all masks (version 4), `separate` one for each mask (versions 1 to 3). Only
 * `packed` holds coats, inverted weights, scales, gains without shifts, and several masks.
 */
export const layouts = ['packed', 'separate'] as const
export type TicketLayout = (typeof layouts)[number]

/** Bits of a mask, and columns of its matrix. */
export interface MaskSize {
  readonly count: number
  readonly columns: number
}

/** How many bytes a tensor takes in the file that takes `plain` bytes uncoded; `mask` is the size of a mask. */
export type StoredBytes = (name: string, plain: number, mask?: MaskSize) => number

/** A tensor that is kept as it was. */
export interface DenseSpec {
  /** The name of a model's parameter, as `parametersOf` of src/families has it; of loose pairs any. */
  readonly name: string
  readonly shape: readonly number[]
}

/** One short run, recorded so that a reader can check its port. */
export interface Probe {
  /** 1 to 64 tokens. */
  readonly tokens: readonly number[]
  /** The first (at most 64) logits of the last token; of an encoder the first numbers of its hidden state. */
  readonly logits: readonly number[]
  /** Largest absolute difference to expect, > 0. */
  readonly tolerance: number
}

/** Most tokens and logits that a probe holds. */
export const PROBE_LIMIT = 64

/**
 * The tolerance of a probe. Between machines and devices float32 logits differ by some 1e-6 of the largest; a hundred times as much
 * passes, and 1e-3 at least.
 */
export const probeTolerance = (logits: ArrayLike<number>): number =>
  1e-4 * Math.max(10, Math.ceil(Array.from(logits).reduce((most, logit) => Math.max(most, Math.abs(logit)), 0)))

/** What the metadata of every kind of ticket begins with. */
export interface MetadataHead {
  readonly version: FormatVersion
  readonly generator: { readonly name: string; readonly version: string }
  /** Unsigned 64-bit, in decimal digits. */
  readonly seed: string
  /** How the masks are stored: `bits` in version 1, another in version 2, any in versions 3 and 4. */
  readonly coding: MaskCoding
}
