/** How the learning rate changes over a run. */
export interface Schedule {
  readonly schedule: (typeof schedules)[number]
  /** Its highest value, > 0. */
  readonly learningRate: number
  /** Where the cosine ends, 0 <= final <= learningRate. Without meaning for `constant`. */
  readonly finalLearningRate: number
  /** Steps over which it rises linearly at first, an integer >= 0. */
  readonly warmUp: number
  /** Steps of the run, an integer >= 1. */
  readonly steps: number
}

export const schedules = ['cosine', 'constant'] as const

/**
 * Learning rate of a step: linear over the warm-up, `learningRate * (step / warmUp)`, then half a cosine down to
 * `finalLearningRate`, which the last step has, or constant.
 * @param step from 1 to `steps` (inclusive)
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, finalLearningRate, warmUp, steps } = schedule
  if (step <= warmUp) return learningRate * (step / warmUp)
  if (schedule.schedule === 'constant') return learningRate
  const progress = (step - warmUp) / (steps - warmUp)
  return finalLearningRate + ((learningRate - finalLearningRate) * (1 + Math.cos(Math.PI * progress))) / 2
}
