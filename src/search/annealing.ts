/**
 * Temperature of soft masks over the standard deviation of a matrix' |scores|: linearly from what it starts with to 0, where masks are hard.
 * @param softness at the start, > 0
 * @param progress part of the soft steps that is done, >= 0; from 1 on masks are hard
 */
export const temperatureAt = (softness: number, progress: number): number =>
  progress < 1 ? softness * (1 - progress) : 0
