/** Theorems 11 and 6/14, float64: a random transformer without normalisation pruned, block by block, to a target. */

import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import type { NormFreeTransformer } from './norm-free-transformer.js'
import {
  type AttentionSource,
  assembleAttention,
  attentionJobs,
  createAttentionSource,
  literalAttention,
  type PrunedAttention,
} from './prune-attention.js'
import {
  assembleFeedForward,
  createFeedForwardSource,
  feedForwardJobs,
  literalFeedForward,
  type PrunedFeedForward,
} from './prune-feed-forward.js'
import { type PrunedPair, prunePairs, type SourcePair } from './prune-pair.js'
import type { SourceInitialisation } from './source.js'

/** A random transformer before pruning. */
export interface TransformerSource {
  blocks: { attention: AttentionSource; feedForward: SourcePair[] }[]
}

/** A pruned source. */
export interface PrunedTransformer {
  /** The transformer the pruned source computes, by its merged matrices (fast). */
  merged: NormFreeTransformer
  blocks: { attention: PrunedAttention; feedForward: PrunedFeedForward }[]
}

/** Arguments of {@link createTransformerSource}. */
export interface TransformerSourceOptions {
  seed: Seed
  /** Reads {@link streamsOf} streams from `stream` on: per block 4 a head, then 2 a feed-forward layer. */
  stream: number
  /** Its shape (blocks, heads, layers) is copied; its weights are not looked at. */
  target: NormFreeTransformer
  /** n_MHA = n_K = n_V, integer >= 0. */
  attentionWidth: number
  /** n_FC, integer >= 0. */
  feedForwardWidth: number
  /** 'theory' by default. */
  initialisation?: SourceInitialisation
}

/** Number of streams a source for this target reads. */
export function streamsOf(target: NormFreeTransformer): number {
  return target.blocks.reduce(
    (sum, { attention, feedForward }) => sum + 4 * attention.heads.length + 2 * feedForward.length,
    0,
  )
}

/** Draws a random transformer; see paper-source.ts for the distributions. */
export function createTransformerSource(options: TransformerSourceOptions): TransformerSource {
  const { seed, target, attentionWidth, feedForwardWidth, initialisation = 'theory' } = options
  let stream = options.stream
  return {
    blocks: target.blocks.map(({ attention: { inputs, outputs, heads }, feedForward: layers }) => {
      const attention = createAttentionSource({
        seed,
        stream,
        inputs,
        outputs,
        heads: heads.length,
        keyWidth: attentionWidth,
        valueWidth: attentionWidth,
        initialisation,
      })
      stream += 4 * heads.length
      const feedForward = createFeedForwardSource({ seed, stream, layers, hidden: feedForwardWidth, initialisation })
      stream += 2 * layers.length
      return { attention, feedForward }
    }),
  }
}

/**
 * Prunes each source towards its own target, all subset sums of all of them in few solver calls.
 *
 * @returns one pruned transformer a source, in order
 * @throws RangeError where blocks, heads, layers or widths do not fit
 */
export function pruneTransformers(
  solver: SubsetSumSolver,
  tasks: readonly { target: NormFreeTransformer; source: TransformerSource }[],
): PrunedTransformer[] {
  const jobs = tasks.flatMap(({ target, source }) => {
    if (source.blocks.length !== target.blocks.length)
      throw new RangeError(`"source" expected ${target.blocks.length} blocks, got ${source.blocks.length}`)
    return target.blocks.flatMap((block, b) => [
      ...attentionJobs(block.attention, source.blocks[b].attention),
      ...feedForwardJobs(block.feedForward, source.blocks[b].feedForward),
    ])
  })
  const pairs = prunePairs(solver, jobs)
  let next = 0
  const take = (count: number): PrunedPair[] => {
    next += count
    return pairs.slice(next - count, next)
  }
  return tasks.map(({ target, source }) => {
    const blocks = source.blocks.map(({ attention, feedForward }) => ({
      attention: assembleAttention(attention, take(2 * attention.heads.length)),
      feedForward: assembleFeedForward(take(feedForward.length)),
    }))
    const merged = {
      width: target.width,
      blocks: blocks.map(({ attention, feedForward }) => ({
        attention: attention.merged,
        feedForward: feedForward.merged,
      })),
    }
    return { merged, blocks }
  })
}

/** {@link pruneTransformers} with one target for all. */
export function pruneTransformer(
  solver: SubsetSumSolver,
  target: NormFreeTransformer,
  sources: readonly TransformerSource[],
): PrunedTransformer[] {
  return pruneTransformers(
    solver,
    sources.map((source) => ({ target, source })),
  )
}

/** The masks applied literally: every masked matrix at full source width, twice as many feed-forward layers. */
export function literalTransformer(pruned: PrunedTransformer): NormFreeTransformer {
  return {
    width: pruned.merged.width,
    blocks: pruned.blocks.map(({ attention, feedForward }) => ({
      attention: literalAttention(attention),
      feedForward: literalFeedForward(feedForward),
    })),
  }
}

/** Every pruned pair of a transformer, in block order. */
export function pairsOf({ blocks }: Pick<PrunedTransformer, 'blocks'>): PrunedPair[] {
  return blocks.flatMap(({ attention, feedForward }) => [
    ...attention.heads.flatMap(({ queryKey, valueOutput }) => [queryKey, valueOutput]),
    ...feedForward.pairs,
  ])
}
