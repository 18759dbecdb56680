/** Temperature at the start, over the standard deviation of a matrix' |scores|. */
const FIRST = 0.6

/**
 * Temperature of soft masks over the standard deviation of a matrix' |scores|: from 0.6 linearly to 0, where masks are hard.
 * @param progress part of the soft steps that is done, >= 0; from 1 on masks are hard
 */
export const temperatureAt = (progress: number): number => (progress < 1 ? FIRST * (1 - progress) : 0)
