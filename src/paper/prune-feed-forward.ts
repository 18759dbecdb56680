/** Theorem 11's feed-forward part, float64: L target layers by 2L pruned random ones, ReLU after all but the last. */

import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import type { DenseLayer, FeedForward } from './norm-free-transformer.js'
import { maskedMatrices, type PairJob, type PrunedPair, prunePairs, type SourcePair } from './prune-pair.js'
import { createSourcePair, type SourceInitialisation } from './source.js'

/** A pruned feed-forward source. */
export interface PrunedFeedForward {
  /** The network the pruned source computes, one merged layer a pair (fast). */
  merged: FeedForward
  /** Masks, errors and the random matrices themselves, one pair a target layer. */
  pairs: PrunedPair[]
}

/** Arguments of {@link createFeedForwardSource}. */
export interface FeedForwardSourceOptions {
  seed: Seed
  /** Reads streams `stream`..`stream + 2 L - 1`. */
  stream: number
  /** Shapes of the target's layers, [L]. */
  layers: readonly Pick<DenseLayer, 'inputs' | 'outputs'>[]
  /** n_FC, integer >= 0, the same for every layer. */
  hidden: number
  /** 'theory' by default. */
  initialisation?: SourceInitialisation
}

/** Draws the random pairs, one a target layer; see paper-source.ts for the distributions. */
export function createFeedForwardSource(options: FeedForwardSourceOptions): SourcePair[] {
  const { seed, stream, layers, hidden, initialisation = 'theory' } = options
  return layers.map(({ inputs, outputs }, l) =>
    createSourcePair({ seed, stream: stream + 2 * l, inputs, hidden, outputs, role: 'feed-forward', initialisation }),
  )
}

/** The pairs of a source and the layers they shall stand for. */
export function feedForwardJobs(target: FeedForward, source: readonly SourcePair[]): PairJob[] {
  if (target.length !== source.length)
    throw new RangeError(`"source" expected ${target.length} pairs, got ${source.length}`)
  return target.map((layer, l) => ({ source: source[l], target: layer.weights }))
}

/** Puts pruned pairs, in the order of {@link feedForwardJobs}, back into a feed-forward network. */
export function assembleFeedForward(pairs: readonly PrunedPair[]): PrunedFeedForward {
  return {
    merged: pairs.map(({ source, weights, negativeWeights }) => ({
      inputs: source.inputs,
      outputs: source.outputs,
      weights,
      ...(negativeWeights ? { negativeWeights } : {}),
    })),
    pairs: [...pairs],
  }
}

/** Prunes many sources towards one target; one pruned network a source, in order. */
export function pruneFeedForward(
  solver: SubsetSumSolver,
  target: FeedForward,
  sources: readonly SourcePair[][],
): PrunedFeedForward[] {
  const pairs = prunePairs(
    solver,
    sources.flatMap((source) => feedForwardJobs(target, source)),
  )
  return sources.map((_, s) => assembleFeedForward(pairs.slice(s * target.length, (s + 1) * target.length)))
}

/** The masks applied literally: 2L dense layers at full source width, pruned weights 0, no merged shortcut. */
export function literalFeedForward(pruned: PrunedFeedForward): FeedForward {
  return pruned.pairs.flatMap((pair) => {
    const { inputs, hidden, outputs } = pair.source
    const { first, second } = maskedMatrices(pair)
    return [
      { inputs, outputs: hidden, weights: first },
      { inputs: hidden, outputs, weights: second },
    ]
  })
}
