/** Masks that start soft and harden while they are searched. */
import {
  createTicketStep,
  moveSoftScores,
  type Softness,
  scaleValues,
  softGradientSquares,
  spreadOfScores,
  type TicketMemory,
  type TicketOptions,
  wearSoft,
} from '../kernels/index.js'
import type { FoundWeights, MatrixSearch } from './algorithm.js'
import type { Scales } from './scales.js'
import { clearRows, type UnusedRows } from './unused-rows.js'

/**
 * Temperature of soft masks over the standard deviation of a matrix' |scores|: linearly from what it starts with to 0, where masks are hard.
 * @param softness at the start, > 0
 * @param progress part of the soft steps that is done, >= 0; from 1 on masks are hard
 */
export const temperatureAt = (softness: number, progress: number): number =>
  progress < 1 ? softness * (1 - progress) : 0

/** 1 over a temperature at most: equal scores have no spread, and count half each. */
const MOST_INVERSE = 1e12

/** What an annealed search has beside its matrices. */
export interface AnnealedOptions extends TicketOptions {
  readonly scales: Pick<Scales, 'of'>
  readonly unused: ReadonlyMap<string, UnusedRows>
  /** Steps of the run, and the part of them in which masks are soft, 0 < anneal < 1. */
  readonly steps: number
  readonly anneal: number
  /** Temperature at the start over the standard deviation of a matrix' |scores|, > 0. */
  readonly softness: number
}

/**
 * Edge-popup on masks that are soft at first. A weight counts by h((|score| - threshold) / temperature), between 0 and 1; the threshold is that of the top
 * scores, as in edge-popup, and the temperature falls until masks are hard. So scores near the threshold learn from the true gradient of a smooth
 * function, and those far from it rest; what is left of the steps is plain edge-popup. Continuous sparsification (Savarese, Silva and Maire,
 * "Winning the Lottery with Continuous Sparsification", NeurIPS 2020) hardens sigmoids of scores in this way, without a threshold.
 *
 * The ticket at any step is that of the hard masks: validation and samples see those.
 */
export function createAnnealed(matrices: readonly TicketMemory[], options: AnnealedOptions): MatrixSearch {
  const { scales, unused, steps, anneal, softness: first } = options
  const step = createTicketStep(matrices, options)
  const done = new Float32Array(1) // steps, an integer below 2^24
  const softness = new Map<string, Softness>()
  const scaled = new Map<string, number>()
  const softSteps = Math.max(1, Math.round(anneal * steps)) // whole, so that the last of them is not missed by a rounding
  const temperature = () => temperatureAt(first, done[0] / softSteps)

  /** The hard masks' weights, scaled. */
  const harden = () => {
    for (const matrix of matrices) {
      const scale = scales.of(matrix.name)
      if (scale !== 1) scaleValues(matrix, scale)
      scaled.set(matrix.name, scale)
    }
  }
  const soften = (part: number) => {
    for (const matrix of matrices) {
      const { name, count, effective } = matrix
      const spread = spreadOfScores(matrix, unused.get(name)?.used ?? count)
      const inverse = Math.fround(Math.min(1 / (part * spread), MOST_INVERSE))
      const own = { threshold: step.threshold(name), inverse }
      softness.set(name, own)
      const scale = scales.of(name)
      wearSoft(matrix, own, scale)
      clearRows(effective, unused.get(name))
      scaled.set(name, scale)
    }
  }
  const select = () => {
    step.select()
    const part = temperature()
    if (part > 0) soften(part)
    else harden()
  }
  return {
    names: matrices.map(({ name }) => name),
    state: [{ name: 'annealing.steps', values: done }],
    update(adamw) {
      const isSoft = temperature() > 0
      if (isSoft) moveSoftScores(matrices, (name) => softness.get(name)!, adamw)
      done[0] = adamw.step
      if (isSoft) return select()
      step.update(adamw)
      harden()
    },
    gradientSquares: (name) =>
      temperature() > 0
        ? softGradientSquares(matrices.find((matrix) => matrix.name === name)!, softness.get(name)!)
        : undefined,
    select,
    async asTicket(work) {
      if (temperature() === 0) return work()
      step.select()
      harden()
      try {
        return await work()
      } finally {
        soften(temperature())
      }
    },
    changed: () => step.changed(),
    mask: (name) => step.mask(name),
    kept: (name) => step.kept(name),
    scale: (name) => (temperature() > 0 ? undefined : scaled.get(name)),
    found(name): FoundWeights {
      const own = scaled.get(name)
      return { mask: step.mask(name), ...(own === undefined || own === 1 ? {} : { scale: own }) }
    },
  }
}
