/** Tickets of pruned pairs: their metadata and their tensors. */
import type { BaseConfig } from '../families/config.js'
import { packedBytes } from '../mask/packed-bits.js'
import type { Seed } from '../random/index.js'
import type { TensorPlan } from '../safetensors/layout.js'
import type { Construction } from './construction.js'
import { type DenseSpec, GENERATOR, type MaskCoding, type MetadataHead, type Probe, type StoredBytes } from './head.js'
import type { PairReport, PairSpec } from './pair.js'
import type { SearchedMetadata } from './searched.js'
import { versionOf } from './version.js'

/** What is fixed before anything is pruned. */
export interface TicketPlan {
  readonly seed: Seed
  /** The model's configuration, or null for loose pairs (kind 'pruned-pairs'). */
  readonly config: BaseConfig | null
  readonly pairs: readonly PairSpec[]
  readonly dense: readonly DenseSpec[]
  readonly construction: Construction
}

/** The metadata of a pruned ticket, as it is held in memory; metadata.ts says how it is written. */
export interface PrunedMetadata extends MetadataHead {
  readonly kind: 'pruned' | 'pruned-pairs'
  readonly config: BaseConfig | null
  readonly construction: Construction
  readonly pairs: readonly PairSpec[]
  readonly dense: readonly DenseSpec[]
  /** One report a pair, in the order of `pairs`. */
  readonly reports: readonly PairReport[]
  readonly probe: Probe | null
}

/** The metadata of a ticket of any kind; `kind` tells which. */
export type TicketMetadata = PrunedMetadata | SearchedMetadata

/** The metadata of a finished pruned ticket, its masks as plain bits. */
export function metadataOf(plan: TicketPlan, reports: readonly PairReport[], probe: Probe | null): PrunedMetadata {
  const { config, construction, pairs, dense } = plan
  return {
    version: versionOf({ config, construction, coding: 'bits' }),
    generator: GENERATOR,
    seed: BigInt(plan.seed).toString(),
    kind: config ? 'pruned' : 'pruned-pairs',
    coding: 'bits',
    config,
    construction,
    pairs,
    dense: dense.map(({ name, shape }) => ({ name, shape })),
    reports,
    probe,
  }
}

/**
 * The tensors of a pruned ticket in the order of the file: what is kept dense (F32), then the coordinates (U16, or U8 where they
 * are coded), then the bits (U8), so that every tensor is aligned to its elements.
 * @param dense under the names that the file has (`storedDense`)
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
