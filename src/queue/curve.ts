/** Curves of runs with few points, so that the state of a sweep stays small. */
import type { CurvePoint } from './run-state.js'

/** Most points of a curve. */
export const MOST_POINTS = 200

/** Most points of all curves of a sweep together (about 1.5 MB of JSON), as long as each may have {@link LEAST_POINTS}. */
const ALL_POINTS = 100_000
const LEAST_POINTS = 10

/** How many points each of so many runs may have: 200 for up to 500 runs, then fewer, at least 10. */
export const pointsFor = (runs: number): number =>
  Math.max(LEAST_POINTS, Math.min(MOST_POINTS, Math.floor(ALL_POINTS / Math.max(runs, 1))))

/** A curve that grows. */
export interface Curve {
  /**
   * Takes the value of a step. A step that is not above the last one takes the place of that step and all after it, because a resumed
   * run goes back. A value that is not finite, and a step outside `1 <= step <= total`, are left out.
   * @param total the run's last step; another total than before starts the curve anew
   */
  add(step: number, total: number, value: number): void
  /** The list itself, which grows. Steps rise. The value of a point is the mean of the values since the point before, with five digits. */
  readonly points: readonly CurvePoint[]
}

/** @param most points, an integer >= 1 */
export function createCurve(most: number = MOST_POINTS): Curve {
  const points: CurvePoint[] = []
  let length = 0
  let sum = 0 // of the values of the last point, and how many they are
  let count = 0
  return {
    points,
    add(step, total, value) {
      if (!Number.isFinite(value) || !(step >= 1 && step <= total)) return
      if (total !== length) points.length = 0
      length = total
      const every = Math.ceil(total / most)
      const stretchOf = (at: number) => Math.ceil(at / every)
      let isNew = points.length === 0
      while (points.length > 0 && points[points.length - 1][0] >= step) {
        points.pop()
        isNew = true // of the stretch that the run goes back into, the values before are not known apart
      }
      if (isNew || stretchOf(points[points.length - 1][0]) !== stretchOf(step)) {
        ;[sum, count] = [0, 0]
      } else points.pop()
      sum += value
      count++
      points.push([step, Number((sum / count).toPrecision(5))])
    },
  }
}
