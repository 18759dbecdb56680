/** Theorem 3/9, float64: random attention of widths n_K, n_V pruned until each head has the target's merged matrices. */

import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import { type Attention, mergeHead } from './attention.js'
import { transpose } from './matrix.js'
import { maskedMatrices, type PairJob, type PrunedPair, prunePairs, type SourcePair } from './prune-pair.js'
import { createSourcePair, type SourceInitialisation } from './source.js'

/** Random attention before pruning: per head W_Q with W_K', and W_V with W_O. */
export interface AttentionSource {
  inputs: number
  outputs: number
  heads: { queryKey: SourcePair; valueOutput: SourcePair }[]
}

/** A pruned source. */
export interface PrunedAttention {
  /** The attention the pruned source computes, by its merged matrices (fast). */
  merged: Attention
  /** Masks, errors and the random matrices themselves. */
  heads: { queryKey: PrunedPair; valueOutput: PrunedPair }[]
}

/** Arguments of {@link createAttentionSource}. */
export interface AttentionSourceOptions {
  seed: Seed
  /** Reads streams `stream`..`stream + 4 heads - 1`: W_Q, W_K', W_V, W_O of each head. */
  stream: number
  inputs: number
  outputs: number
  heads: number
  /** n_K, integer >= 0. */
  keyWidth: number
  /** n_V, integer >= 0. */
  valueWidth: number
  /** 'theory' by default. */
  initialisation?: SourceInitialisation
}

/** Draws random attention; see paper-source.ts for the distributions. */
export function createAttentionSource(options: AttentionSourceOptions): AttentionSource {
  const { seed, stream, inputs, outputs, heads, keyWidth, valueWidth, initialisation = 'theory' } = options
  const pair = { seed, inputs, initialisation }
  return {
    inputs,
    outputs,
    heads: Array.from({ length: heads }, (_, j) => ({
      queryKey: createSourcePair({
        ...pair,
        stream: stream + 4 * j,
        hidden: keyWidth,
        outputs: inputs,
        role: 'query-key',
      }),
      valueOutput: createSourcePair({
        ...pair,
        stream: stream + 4 * j + 2,
        hidden: valueWidth,
        outputs,
        role: 'value-output',
      }),
    })),
  }
}

/** The pairs of a source and the merged matrices they shall stand for: query/key and value/output of each head. */
export function attentionJobs(target: Attention, source: AttentionSource): PairJob[] {
  if (target.heads.length !== source.heads.length)
    throw new RangeError(`"source" expected ${target.heads.length} heads, got ${source.heads.length}`)
  return target.heads.flatMap((head, j) => {
    const { queryKey, valueOutput } = mergeHead(head, target.inputs, target.outputs)
    return [
      { source: source.heads[j].queryKey, target: queryKey },
      { source: source.heads[j].valueOutput, target: valueOutput },
    ]
  })
}

/** Puts pruned pairs, in the order of {@link attentionJobs}, back into attention. */
export function assembleAttention(source: AttentionSource, pairs: readonly PrunedPair[]): PrunedAttention {
  const heads = source.heads.map((_, j) => ({ queryKey: pairs[2 * j], valueOutput: pairs[2 * j + 1] }))
  const merged: Attention = {
    inputs: source.inputs,
    outputs: source.outputs,
    heads: heads.map(({ queryKey, valueOutput }) => ({
      kind: 'merged',
      queryKey: queryKey.weights,
      valueOutput: valueOutput.weights,
    })),
  }
  return { merged, heads }
}

/**
 * Prunes many sources towards one target, all their subset sums in few solver calls.
 *
 * @returns one pruned attention a source, in order
 * @throws RangeError where heads or widths do not fit
 */
export function pruneAttention(
  solver: SubsetSumSolver,
  target: Attention,
  sources: readonly AttentionSource[],
): PrunedAttention[] {
  const pairs = prunePairs(
    solver,
    sources.flatMap((source) => attentionJobs(target, source)),
  )
  const perSource = 2 * target.heads.length
  return sources.map((source, s) => assembleAttention(source, pairs.slice(s * perSource, (s + 1) * perSource)))
}

/** The masks applied literally: the source's own W_Q, W_K, W_V, W_O at full width, pruned weights 0. */
export function literalAttention(pruned: PrunedAttention): Attention {
  const { inputs, outputs } = pruned.merged
  return {
    inputs,
    outputs,
    heads: pruned.heads.map(({ queryKey, valueOutput }) => {
      const qk = maskedMatrices(queryKey)
      const vo = maskedMatrices(valueOutput)
      return {
        kind: 'factored',
        keyWidth: queryKey.source.hidden,
        valueWidth: valueOutput.source.hidden,
        query: qk.first,
        key: transpose(qk.second, queryKey.source.hidden, inputs),
        value: vo.first,
        output: vo.second,
      }
    }),
  }
}
