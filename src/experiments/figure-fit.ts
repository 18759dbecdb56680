/** Exponential fits of a figure's curves over the range where they decay. */
import { type ExponentialFit, fitSharedRate } from '../theory/fit.js'
import type { FigureFit, FigurePoint, FigureSeries } from './figure.js'
import { median } from './statistics.js'

/**
 * Points at or below this error are left out of fits. Subset sums of more than 28 items are searched to 2^-26 of the
 * largest item only (subset-sum/anchored.ts), an output adds several entries, and blocks amplify: curves are flat from
 * about 1e-7 on, whatever the paper's theory says of the true optimum.
 */
export const FLOOR = 1e-6

/** The points a fit uses: x at least `from`, error above the floor. */
export function decaying(points: readonly FigurePoint[], statistic: 'mean' | 'median', from: number): FigurePoint[] {
  return points.filter((point) => point.x >= from && point.error[statistic] > FLOOR)
}

/**
 * Fits `a exp(-b x)`, one b for all the curves, to points above the floor.
 *
 * @param scale 'linear' weighs absolute errors (as SciPy's curve_fit), 'log' every decade alike
 * @param from smallest x used, inclusive; all by default
 */
export function fitDecay(
  name: string,
  series: readonly FigureSeries[],
  statistic: 'mean' | 'median',
  scale: 'linear' | 'log',
  from = 0,
): FigureFit {
  const used = series.map(({ points }) => {
    const chosen = decaying(points, statistic, from)
    return { x: chosen.map(({ x }) => x), y: chosen.map(({ error }) => error[statistic]) }
  })
  const abscissae = used.flatMap(({ x }) => x)
  return {
    name,
    series: series.map((one) => one.name),
    statistic,
    from: Math.min(...abscissae),
    to: Math.max(...abscissae),
    ...fitSharedRate(used, scale),
  }
}

/** One abscissa of a curve with the error of each source. */
export interface SourceErrors {
  readonly x: number
  /** By the number of the source. */
  readonly errors: readonly number[]
}

/**
 * The fit of {@link fitDecay} to some of the sources alone, for intervals over sources.
 * @returns undefined where a curve has fewer than two points above the floor
 */
export function fitSources(
  curves: readonly (readonly SourceErrors[])[],
  sources: readonly number[],
  statistic: 'mean' | 'median',
  scale: 'linear' | 'log',
): ExponentialFit | undefined {
  const used = curves.map((points) => {
    const all = points.map(({ x, errors }) => {
      const own = sources.map((source) => errors[source])
      return { x, y: statistic === 'mean' ? own.reduce((sum, error) => sum + error, 0) / own.length : median(own) }
    })
    const chosen = all.filter(({ y }) => y > FLOOR)
    return { x: chosen.map(({ x }) => x), y: chosen.map(({ y }) => y) }
  })
  return used.some(({ x }) => x.length < 2) ? undefined : fitSharedRate(used, scale)
}
