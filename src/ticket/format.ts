import type { Gpt2Config } from '../families/gpt2/config.js'
import { packedBytes } from '../mask/packed-bits.js'
import type { Seed } from '../random/index.js'
import type { TensorPlan } from '../safetensors/layout.js'
import type { MaskCoding, MaskSize } from './coding.js'
import type { PairReport, PairSpec } from './pair.js'
import type { SearchedMetadata } from './searched.js'

/** Versions of the ticket format: 1 holds masks as plain bits, 2 holds them coded. Both are read, and written. */
export const FORMAT_VERSIONS = ['1', '2'] as const
export type FormatVersion = (typeof FORMAT_VERSIONS)[number]

/** Name and version of the recipe that turns (seed, stream, index) into weights; see docs/ticket-format.md. */
export const GENERATOR = { name: 'philox4x32-10', version: '1' } as const

/** Key of the metadata and of the hash under `__metadata__`. */
export const METADATA_KEY = 'slt'
export const HASH_KEY = 'slt.sha256'

/** What was asked of the construction. */
export interface Construction {
  /** n': random products per weight. Integer >= 1. */
  readonly items: number
  /** 'auto' (a power of two per matrix), or the literal scale. */
  readonly scale: 'auto' | number
  readonly method: 'plain' | 'balanced'
}

/** A tensor that is kept as it was. */
export interface DenseSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** One short run, recorded so that a reader can check its port: the logits after the last token. */
export interface Probe {
  /** 1 to 64 tokens. */
  readonly tokens: readonly number[]
  /** The first (at most 64) logits of the last position. */
  readonly logits: readonly number[]
  /** Largest absolute difference to expect, > 0. */
  readonly tolerance: number
}

/**
 * The tolerance of a probe. Between machines and devices float32 logits differ by some 1e-6 of the largest; a hundred times as much
 * passes, and 1e-3 at least.
 */
export const probeTolerance = (logits: ArrayLike<number>): number =>
  1e-4 * Math.max(10, Math.ceil(Array.from(logits).reduce((most, logit) => Math.max(most, Math.abs(logit)), 0)))

/** Most tokens and logits that a probe holds. */
export const PROBE_LIMIT = 64

/** What the metadata of every kind of ticket begins with. */
export interface MetadataHead {
  readonly version: FormatVersion
  readonly generator: { readonly name: string; readonly version: string }
  /** Unsigned 64-bit, in decimal digits. */
  readonly seed: string
  /** How the masks are stored; version 2 alone has it. */
  readonly coding?: Exclude<MaskCoding, 'bits'> | undefined
}

/** What is fixed before anything is pruned. */
export interface TicketPlan {
  readonly seed: Seed
  /** The model's configuration, or null for loose pairs (kind 'pruned-pairs'). */
  readonly config: Gpt2Config | null
  readonly pairs: readonly PairSpec[]
  readonly dense: readonly DenseSpec[]
  readonly construction: Construction
}

/** The metadata of a pruned ticket: the JSON under `__metadata__`.`slt`. */
export interface PrunedMetadata extends MetadataHead {
  readonly kind: 'pruned-gpt2' | 'pruned-pairs'
  readonly config: Gpt2Config | null
  readonly construction: Construction
  readonly pairs: readonly PairSpec[]
  readonly dense: readonly DenseSpec[]
  /** One report a pair, in the order of `pairs`. */
  readonly reports: readonly PairReport[]
  readonly probe: Probe | null
}

/** The metadata of a ticket of any kind; `kind` tells which. */
export type TicketMetadata = PrunedMetadata | SearchedMetadata

/** The metadata of a finished pruned ticket. */
export function metadataOf(plan: TicketPlan, reports: readonly PairReport[], probe: Probe | null): PrunedMetadata {
  return {
    version: '1',
    generator: GENERATOR,
    seed: BigInt(plan.seed).toString(),
    kind: plan.config ? 'pruned-gpt2' : 'pruned-pairs',
    config: plan.config,
    construction: plan.construction,
    pairs: plan.pairs,
    dense: plan.dense.map(({ name, shape }) => ({ name, shape })),
    reports,
    probe,
  }
}

/** How many bytes a tensor takes in the file that takes `plain` bytes uncoded; `mask` is the size of a mask. */
export type StoredBytes = (name: string, plain: number, mask?: MaskSize) => number

/**
 * The tensors of a pruned ticket in the order of the file: what is kept dense (F32), then the coordinates (U16, or U8 where they
 * are coded), then the bits (U8), so that every tensor is aligned to its elements.
 * @param stored how many bytes a coded tensor takes that would take `plain` bytes uncoded
 */
export function ticketTensors(
  pairs: readonly PairSpec[],
  dense: readonly DenseSpec[],
  coding: MaskCoding = 'bits',
  stored: StoredBytes = (_, plain) => plain,
): TensorPlan[] {
  return [
    ...dense.map(({ name, shape }): TensorPlan => ({ name, dtype: 'F32', shape })),
    ...pairs.map(({ name: pair, inputs, hidden }): TensorPlan => {
      const name = coordinateName(pair)
      if (coding === 'bits') return { name, dtype: 'U16', shape: [hidden] }
      const plain = coding === 'range' ? packedBytes(hidden * coordinateBits(inputs)) : 2 * hidden
      // Packed coordinates have no choice of length; deflated ones do.
      return { name, dtype: 'U8', shape: [coding === 'range' ? plain : stored(name, plain)] }
    }),
    ...pairs.map(({ name: pair, hidden, outputs }): TensorPlan => {
      const [name, count] = [secondName(pair), hidden * outputs]
      return { name, dtype: 'U8', shape: [stored(name, packedBytes(count), { count, columns: outputs })] }
    }),
  ]
}

/** Bits of a coordinate under the coding `range`, where `inputs` itself stands for a dropped unit: ceil(log2(inputs + 1)). */
export const coordinateBits = (inputs: number): number => 32 - Math.clz32(inputs)

/** Name of the tensor of a pair's coordinates. */
export function coordinateName(pair: string): string {
  return `${pair}.coordinate`
}

/** Name of the tensor of a pair's second mask. */
export function secondName(pair: string): string {
  return `${pair}.second`
}

/**
 * The model's weights and biases that a ticket of this configuration must keep dense, by their Hugging Face names: the
 * embeddings and every LayerNorm.
 */
export function gpt2Dense(config: Gpt2Config): DenseSpec[] {
  const { width, positions, vocabulary, layers } = config
  const norms = [...Array.from({ length: layers }, (_, l) => [`h.${l}.ln_1`, `h.${l}.ln_2`]).flat(), 'ln_f']
  return [
    { name: 'transformer.wte.weight', shape: [vocabulary, width] },
    { name: 'transformer.wpe.weight', shape: [positions, width] },
    ...norms.flatMap((norm) => [
      { name: `transformer.${norm}.weight`, shape: [width] },
      { name: `transformer.${norm}.bias`, shape: [width] },
    ]),
  ]
}
