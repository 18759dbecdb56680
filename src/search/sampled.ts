/**
 * Masks that are drawn (Zhou et al., "Deconstructing Lottery Tickets", NeurIPS 2019; FedPM, Isik et al., ICLR 2023): a weight is kept with the
 * probability p = sigmoid(score), every step draws a mask, and the gradient passes the drawing as if the mask were p.
 */
import { type CodedMemory, changedCodes, keepLargest, moveLatents, wearCodes, weightFiller } from '../kernels/index.js'
import type { MatrixSearch } from './algorithm.js'
import { gradientSquares } from './clip.js'
import { foundOfCodes } from './coded-search.js'
import type { Scales } from './scales.js'
import { sampleStream } from './streams.js'
import { clearRows, type UnusedRows } from './unused-rows.js'

/** A matrix whose mask is drawn. */
export interface SampledMatrix {
  readonly matrix: CodedMemory
  /** Number of the matrix in `matricesOf`. */
  readonly index: number
  /** Mean of p over the weights in use, 0 < keep < 1. */
  readonly keep: number
  /** Weights that a ticket keeps, an integer >= 1. */
  readonly kept: number
}

export interface SampledOptions {
  readonly scales: Pick<Scales, 'of'>
  readonly unused: ReadonlyMap<string, UnusedRows>
  readonly seed: bigint
  /** Steps of the run, over which the weight of the entropy grows. */
  readonly steps: number
}

/**
 * The weight that the masks' entropy has in the last step, in units of the root mean square of dL/dW_eff * W of a matrix; it grows from 0 in
 * proportion to the step. So masks are explored at first, and at the end a drawn mask is the ticket's but for few weights.
 */
const ENTROPY = 0.1

/**
 * Each step: AdamW moves the scores s along p (1 - p) (dL/dW_eff * W - c s), where -s p (1 - p) is the gradient of the mask's entropy and c its
 * weight, without weight decay; then all scores of a matrix are shifted by one Newton step towards a mean of p of `keep`; then a mask is drawn with word
 * step * count + i of a stream of the matrix. A ticket keeps the most probable weights, as many as were asked for, so that its size is that
 * of other methods. (p > 1/2 would keep whatever number came out.) That is also the mask that changes are counted of.
 */
export function createSampled(sampled: readonly SampledMatrix[], options: SampledOptions): MatrixSearch {
  const { scales, unused, seed, steps } = options
  const matrices = sampled.map(({ matrix }) => matrix)
  const entropyAt = (step: number) => (ENTROPY * step) / steps
  const done = new Float32Array(1)
  let newest: 0 | 1 = 0

  /** Draws with the probabilities that lie in the place of the gradient. */
  const draw = ({ matrix, index }: SampledMatrix) => {
    const { kernels, name, weights, effective, gradient, count } = matrix
    const init = { kind: 'uniform', range: 1 } as const
    weightFiller(kernels, { seed, stream: sampleStream(index), init })(effective.byteOffset, done[0] * count, count)
    const scale = scales.of(name)
    for (let i = 0; i < count; i++) {
      const isKept = effective[i] < 2 * gradient[i] - 1 // uniform on -1..1
      effective[i] = isKept ? Math.fround(weights[i] * scale) : 0
    }
    clearRows(effective, unused.get(name))
  }
  /** The gradient has been used: the probabilities take its place, and stay there until the next one comes. */
  const writeProbabilities = ({ name, latents, gradient, count }: CodedMemory) => {
    for (let i = 0; i < count; i++) gradient[i] = probability(latents[i])
    clearRows(gradient, unused.get(name))
  }
  const selectAll = () => {
    newest = newest === 0 ? 1 : 0
    for (const each of sampled) {
      const { matrix, kept } = each
      writeProbabilities(matrix)
      keepLargest(matrix, matrix.gradient, newest, kept) // the ticket's mask
      draw(each)
    }
  }
  const codesOf = (name: string): Int8Array => {
    const matrix = matrices.find((each) => each.name === name)
    if (matrix === undefined) throw new RangeError(`"name" expected a matrix whose mask is drawn, got ${name}`)
    return matrix.codes[newest]
  }
  return {
    names: matrices.map(({ name }) => name),
    state: [{ name: 'sampled.step', values: done }],
    update(adamw) {
      for (const matrix of matrices) {
        const slope = scoreGradient(matrix, entropyAt(adamw.step))
        for (let i = 0; i < matrix.count; i++) matrix.gradient[i] = slope(i)
      }
      for (const { name, gradient } of matrices) clearRows(gradient, unused.get(name))
      moveLatents(matrices, 'value', { ...adamw, weightDecay: 0 })
      for (const each of sampled) shiftScores(each, unused.get(each.matrix.name))
      done[0] = adamw.step
      selectAll()
    },
    gradientSquares(name) {
      const matrix = matrices.find((each) => each.name === name)!
      clearRows(matrix.gradient, unused.get(name))
      const slope = scoreGradient(matrix, entropyAt(done[0] + 1))
      let squares = 0
      for (let i = 0; i < matrix.count; i++) squares += slope(i) ** 2
      return squares
    },
    select: selectAll,
    changed: () => matrices.reduce((sum, matrix) => sum + changedCodes(matrix), 0),
    mask: (name) => foundOfCodes(codesOf(name), 1).mask,
    kept: (name) => codesOf(name).reduce((sum, code) => sum + code, 0),
    found: (name) => foundOfCodes(codesOf(name), scales.of(name)),
    scale: scales.of,
    async asTicket(work) {
      for (const matrix of matrices) wearCodes(matrix, newest, scales.of(matrix.name))
      try {
        return await work()
      } finally {
        for (const each of sampled) {
          writeProbabilities(each.matrix)
          draw(each)
        }
      }
    },
  }
}

const probability = (score: number): number => 1 / (1 + Math.exp(-score))

/** The gradient of each score, from dL/dW_eff of all. @param entropy in units of the root mean square of dL/dW_eff * W */
function scoreGradient({ weights, gradient, latents, count }: CodedMemory, entropy: number): (i: number) => number {
  const weight = entropy * Math.sqrt(gradientSquares({ gradient, weights }, true) / count)
  return (i) => {
    const p = probability(latents[i])
    return p * (1 - p) * (gradient[i] * weights[i] - weight * latents[i])
  }
}

/** One Newton step of all scores together towards sum p = keep * (weights in use). */
function shiftScores({ matrix, keep }: SampledMatrix, rows: UnusedRows | undefined): void {
  const { latents, count } = matrix
  const zeros = count - (rows?.used ?? count) // unused rows have scores of 0, and p of 1/2 that counts for nothing
  let sum = -zeros / 2
  let slopes = -zeros / 4
  for (let i = 0; i < count; i++) {
    const p = probability(latents[i])
    sum += p
    slopes += p * (1 - p)
  }
  const shift = Math.fround((keep * (count - zeros) - sum) / slopes)
  if (!Number.isFinite(shift)) return // all masks are certain: nothing is left to shift
  for (let i = 0; i < count; i++) latents[i] += shift
  clearRows(latents, rows)
}
