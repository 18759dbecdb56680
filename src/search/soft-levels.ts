/** Learned levels that start soft and harden while they are searched. */
import {
  type CodedMemory,
  moveSoftLevels,
  type SoftLevels,
  softLevelSquares,
  wearSoftLevels,
} from '../kernels/index.js'
import type { MatrixSearch } from './algorithm.js'
import { temperatureAt } from './annealed.js'
import { type CodedOptions, createLevels, levelDistance } from './coded-search.js'
import { clearRows } from './unused-rows.js'

export interface SoftLevelOptions extends CodedOptions {
  /** Steps of the run, and the part of them in which levels are soft, 0 < anneal < 1. */
  readonly steps: number
  readonly anneal: number
  /** Temperature at the start in units of the levels' distance, > 0. */
  readonly softness: number
}

/**
 * {@link createLevels} as annealed masks are made of edge-popup: the function that rounds is smooth at first, values learn along its true gradient, and it hardens
 * linearly to the levels. What is left of the steps is rounding with a straight-through gradient. The smooth function is that of differentiable soft
 * quantisation (Gong et al., ICCV 2019), where it hardens by a loss of its own. The ticket at any step is that of the hard levels.
 * @param levels of each matrix by its name: 3, 4, 7 or 15
 */
export function createSoftLevels(
  matrices: readonly CodedMemory[],
  levels: ReadonlyMap<string, number>,
  options: SoftLevelOptions,
): MatrixSearch {
  const { scales, unused, steps, anneal, softness: first } = options
  const hard = createLevels(matrices, levels, options)
  const done = new Float32Array(1) // steps, an integer below 2^24
  const softness = new Map<string, SoftLevels>()
  const softSteps = Math.max(1, Math.round(anneal * steps))
  const temperature = () => temperatureAt(first, done[0] / softSteps)
  const soften = () => {
    for (const matrix of matrices) {
      const own = levels.get(matrix.name)!
      const soft = { distance: levelDistance(matrix, own, options), levels: own, temperature: temperature() }
      softness.set(matrix.name, soft)
      wearSoftLevels(matrix, soft, scales.of(matrix.name))
      clearRows(matrix.effective, unused.get(matrix.name))
    }
  }
  const select = () => {
    hard.select()
    if (temperature() > 0) soften()
  }
  return {
    ...hard,
    state: [{ name: 'softening.steps', values: done }],
    update(adamw) {
      const isSoft = temperature() > 0
      if (isSoft) {
        for (const { name, gradient } of matrices) clearRows(gradient, unused.get(name))
        moveSoftLevels(matrices, (name) => softness.get(name)!, adamw)
      }
      done[0] = adamw.step
      if (isSoft) select()
      else hard.update(adamw)
    },
    select,
    gradientSquares(name) {
      const matrix = matrices.find((each) => each.name === name)
      if (matrix === undefined) return undefined
      return temperature() > 0 ? softLevelSquares(matrix, softness.get(name)!) : hard.gradientSquares?.(name)
    },
    async asTicket(work) {
      if (temperature() === 0) return work()
      hard.select()
      try {
        return await work()
      } finally {
        soften()
      }
    },
    scale: (name) => (temperature() > 0 ? undefined : hard.scale(name)),
  }
}
