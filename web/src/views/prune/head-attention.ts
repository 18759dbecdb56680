/** Attention of the target's head and of the ticket's: maps to look at, and how far the outputs are apart. */
import { measureError, samplePositions } from '../../../../src/experiments/output-error.js'
import { attend } from '../../../../src/paper/attention.js'
import { visibleEnd } from '../../../../src/paper/attention-mask.js'
import { multiply } from '../../../../src/paper/matrix.js'
import { attendMergedRotary, mergedSides } from '../../../../src/paper/merged-rotary.js'
import { rotaryConstruction } from '../../../../src/paper/rotary-construction.js'
import { softmaxPerturbationBound } from '../../../../src/theory/perturbation.js'
import { rotaryLogitBound } from '../../../../src/theory/rotary.js'
import type { PrunedHead } from './prune-head.js'
import type { TargetHead } from './target-head.js'

/** Most rows and columns of a map; longer inputs are sampled. */
export const MOST_SHOWN = 64

/** A head by its merged matrices: `scores` as in {@link TargetHead}. */
interface MergedMatrices {
  readonly scores: readonly Float64Array[]
  readonly valueOutput: Float64Array
}

/** Outputs of a head with these matrices in the place of the target's, at some positions. */
function outputOf(target: TargetHead, matrices: MergedMatrices, x: Float64Array, positions: Int32Array): Float64Array {
  const { inputs, outputs, mask, rotary } = target
  const { scores, valueOutput } = matrices
  if (rotary) {
    const [merged] = rotaryConstruction.mergeScores(rotary, scores)
    const heads = [{ ...merged, valueOutput }]
    return attendMergedRotary({ inputs, outputs, frequencies: rotary.frequencies, heads }, x, mask, positions)
  }
  const heads = [{ kind: 'merged' as const, queryKey: scores[0], valueOutput }]
  return attend({ inputs, outputs, heads }, x, mask, positions)
}

/** Queries and keys whose dot products are the logits. */
function sidesOf(
  { inputs: d, rotary }: TargetHead,
  scores: readonly Float64Array[],
  x: Float64Array,
  positions: Int32Array,
) {
  if (rotary) return mergedSides(rotary, rotaryConstruction.mergeScores(rotary, scores)[0], x, positions)
  const rows = new Float64Array(positions.length * d)
  positions.forEach((i, q) => {
    rows.set(x.subarray(i * d, (i + 1) * d), q * d)
  })
  return { queries: multiply(rows, scores[0], positions.length, d, d), keys: x, width: d }
}

/**
 * Where some positions look: the softmax of their logits, x_i' W_QK X' without rotation; each square the sum over its keys.
 *
 * @param scores of the target or of a ticket
 * @param positions rows of the map; at most {@link MOST_SHOWN} of T
 * @returns [positions, min(T, MOST_SHOWN)]; rows sum to 1
 */
export function attentionMap(
  target: TargetHead,
  scores: readonly Float64Array[],
  x: Float64Array,
  positions: Int32Array,
): Float64Array {
  const { inputs: d, mask } = target
  const length = x.length / d
  const bins = Math.min(length, MOST_SHOWN)
  const map = new Float64Array(positions.length * bins)
  const logits = new Float64Array(length)
  const { queries, keys, width } = sidesOf(target, scores, x, positions)
  positions.forEach((i, row) => {
    const end = visibleEnd(mask, i, length)
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < end; j++) {
      let dot = 0
      for (let k = 0; k < width; k++) dot += queries[row * width + k] * keys[j * width + k]
      logits[j] = dot
      if (dot > largest) largest = dot
    }
    let total = 0
    for (let j = 0; j < end; j++) {
      logits[j] = Math.exp(logits[j] - largest)
      total += logits[j]
    }
    for (let j = 0; j < end; j++) map[row * bins + Math.floor((j * bins) / length)] += logits[j] / total
  })
  return map
}

/** Largest Euclidean error of the output over at most `count` sampled positions of an input. */
export function attentionError(
  target: TargetHead,
  ticket: MergedMatrices,
  x: Float64Array,
  count = MOST_SHOWN,
): number {
  const positions = samplePositions(x.length / target.inputs, count)
  const output = (matrices: MergedMatrices) => outputOf(target, matrices, x, positions)
  return measureError([output(target)], () => output(ticket), target.outputs).largest
}

/** Largest Euclidean norm of the target's output over at most `count` sampled positions of an input. */
export function largestOutput(target: TargetHead, x: Float64Array, count = MOST_SHOWN): number {
  const positions = samplePositions(x.length / target.inputs, count)
  return largestNorm(outputOf(target, target, x, positions), target.outputs)
}

/** Merged matrices of a pruned head. */
export const mergedTicket = ({ scores, valueOutput }: PrunedHead): MergedMatrices => ({
  scores: scores.map(({ weights }) => weights),
  valueOutput: valueOutput.weights,
})

/**
 * After the fact, the inequality in the proof of Theorem 3/9: no input of any length whose rows have norm at most `alpha` moves the
 * output by more. Without rotation `||W_VO|| sqrt(d1) alpha (exp(2 d1 alpha^2 e_QK) - 1) + alpha sqrt(d1 d2) e_VO`; docs/rotary.md has the logits of a rotary head.
 */
export function outputBound(target: TargetHead, head: PrunedHead, alpha: number): number {
  const { inputs: d1, outputs: d2, valueOutputNorm } = target
  const entry = Math.max(...head.scores.map(largestError))
  const logit = target.rotary
    ? rotaryLogitBound(d1, 2 * target.rotary.frequencies.length, alpha, entry)
    : d1 * alpha * alpha * entry
  const fromLogits = softmaxPerturbationBound(d1, alpha, logit)
  return valueOutputNorm * fromLogits + alpha * Math.sqrt(d1 * d2) * largestError(head.valueOutput)
}

/** Largest |achieved - wanted| entry. */
export function largestError({
  weights,
  target,
}: {
  readonly weights: Float64Array
  readonly target: Float64Array
}): number {
  return weights.reduce((most, value, i) => Math.max(most, Math.abs(value - target[i])), 0)
}

/** Largest norm of the rows of an input. */
export function largestNorm(x: Float64Array, d: number): number {
  let most = 0
  for (let from = 0; from < x.length; from += d) most = Math.max(most, Math.hypot(...x.subarray(from, from + d)))
  return most
}
