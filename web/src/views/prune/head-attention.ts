/** Attention of the target's head and of the ticket's: maps to look at, and how far the outputs are apart. */
import { measureError, samplePositions } from '../../../../src/experiments/output-error.js'
import { type Attention, attend } from '../../../../src/paper/attention.js'
import { visibleEnd } from '../../../../src/paper/attention-mask.js'
import { multiply } from '../../../../src/paper/matrix.js'
import { softmaxPerturbationBound } from '../../../../src/theory/perturbation.js'
import type { PrunedHead } from './prune-head.js'
import type { TargetHead } from './target-head.js'

/** Most rows and columns of a map; longer inputs are sampled. */
export const MOST_SHOWN = 64

const headOf = (target: TargetHead, queryKey: Float64Array, valueOutput: Float64Array): Attention => ({
  inputs: target.inputs,
  outputs: target.outputs,
  heads: [{ kind: 'merged', queryKey, valueOutput }],
})

/**
 * Where some positions look: softmax(x_i' W_QK X'), each square the sum over its keys.
 *
 * @param positions rows of the map; at most {@link MOST_SHOWN} of T
 * @returns [positions, min(T, MOST_SHOWN)]; rows sum to 1
 */
export function attentionMap(
  target: TargetHead,
  queryKey: Float64Array,
  x: Float64Array,
  positions: Int32Array,
): Float64Array {
  const { inputs: d, mask } = target
  const length = x.length / d
  const bins = Math.min(length, MOST_SHOWN)
  const map = new Float64Array(positions.length * bins)
  const logits = new Float64Array(length)
  positions.forEach((i, row) => {
    const query = multiply(x.subarray(i * d, (i + 1) * d), queryKey, 1, d, d)
    const end = visibleEnd(mask, i, length)
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < end; j++) {
      let dot = 0
      for (let k = 0; k < d; k++) dot += query[k] * x[j * d + k]
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
  ticket: { readonly queryKey: Float64Array; readonly valueOutput: Float64Array },
  x: Float64Array,
  count = MOST_SHOWN,
): number {
  const positions = samplePositions(x.length / target.inputs, count)
  const output = ({ queryKey, valueOutput }: typeof ticket) =>
    attend(headOf(target, queryKey, valueOutput), x, target.mask, positions)
  return measureError([output(target)], () => output(ticket), target.outputs).largest
}

/** Largest Euclidean norm of the target's output over at most `count` sampled positions of an input. */
export function largestOutput(target: TargetHead, x: Float64Array, count = MOST_SHOWN): number {
  const positions = samplePositions(x.length / target.inputs, count)
  const output = attend(headOf(target, target.queryKey, target.valueOutput), x, target.mask, positions)
  return largestNorm(output, target.outputs)
}

/** Merged matrices of a pruned head. */
export const mergedTicket = ({ queryKey, valueOutput }: PrunedHead) => ({
  queryKey: queryKey.weights,
  valueOutput: valueOutput.weights,
})

/**
 * After the fact, the inequality in the proof of Theorem 3/9: no input of any length whose rows have norm at most `alpha` moves the
 * output by more. `||W_VO|| sqrt(d1) alpha (exp(2 d1 alpha^2 e_QK) - 1) + alpha sqrt(d1 d2) e_VO`.
 */
export function outputBound(target: TargetHead, head: PrunedHead, alpha: number): number {
  const { inputs: d1, outputs: d2, valueOutputNorm } = target
  const fromLogits = softmaxPerturbationBound(d1, alpha, d1 * alpha * alpha * largestError(head.queryKey))
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
