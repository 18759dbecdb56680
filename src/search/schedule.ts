/** How the learning rate changes over a run. */
export interface Schedule {
  readonly schedule: ScheduleName
  /** Its highest value, > 0. */
  readonly learningRate: number
  /** The last value, 0 <= final <= learningRate. Without meaning for `constant`. */
  readonly finalLearningRate: number
  /** Steps over which it rises linearly at first, an integer >= 0. */
  readonly warmUp: number
  /** Steps of the run, an integer >= 1. */
  readonly steps: number
}

export const schedules = ['cosine', 'linear', 'warm-up-stable-decay', 'constant'] as const
export type ScheduleName = (typeof schedules)[number]

/** Part of the steps after the warm-up over which `warm-up-stable-decay` falls: Hägele et al. 2024 (arXiv 2405.18392) find a fifth enough. */
const DECAY_PART = 0.2

/**
 * Learning rate of a step: linear over the warm-up, `learningRate * (step / warmUp)`, and then
 * - `cosine`: half a cosine down to `finalLearningRate`;
 * - `linear`: a straight line down to it;
 * - `warm-up-stable-decay`: constant, and over the last fifth of the steps a straight line down to it;
 * - `constant`.
 *
 * Where it falls the last step has `finalLearningRate`.
 * @param step from 1 to `steps` (inclusive)
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, finalLearningRate, warmUp, steps } = schedule
  if (step <= warmUp) return learningRate * (step / warmUp)
  if (schedule.schedule === 'constant') return learningRate
  const progress = (step - warmUp) / (steps - warmUp)
  return finalLearningRate + (learningRate - finalLearningRate) * remaining(schedule.schedule, progress)
}

/** From 1 at the beginning to 0 at the end. @param progress from 0 to 1 */
function remaining(schedule: Exclude<ScheduleName, 'constant'>, progress: number): number {
  switch (schedule) {
    case 'cosine':
      return (1 + Math.cos(Math.PI * progress)) / 2
    case 'linear':
      return 1 - progress
    case 'warm-up-stable-decay':
      return Math.min(1, (1 - progress) / DECAY_PART)
  }
}
