/** Error against the number of items a weight, over several random sources. */
import { quantile } from '../../../../src/experiments/statistics.js'
import type { SubsetSumSolver } from '../../../../src/subset-sum/index.js'
import { type DecayFit, fitDecay } from '../../../../src/theory/fit-decay.js'
import { type ExponentialFit, fitLogarithms, flattenCurves } from '../../../../src/theory/fit-logarithms.js'
import { MOST_ITEMS, type SourceChoice } from './choices.js'
import { attentionError, mergedTicket } from './head-attention.js'
import { type PruneSteps, pruneHead } from './prune-head.js'
import { SOURCE_STREAM, type TargetHead } from './target-head.js'

/** What is known so far, one element an item count, 1..28. */
export interface ErrorCurve {
  /** Sources to draw at each item count. */
  readonly sources: number
  /** Heads pruned, of `sources` times the item counts. */
  readonly done: number
  readonly total: number
  readonly items: readonly number[]
  /** Over sources: largest output error over positions. Shorter than 28 at first. */
  readonly mean: readonly number[]
  readonly median: readonly number[]
  readonly low: readonly number[]
  readonly high: readonly number[]
  /** Most items with which half of the sources or more miss some target altogether; 0 for none. */
  readonly reachEnd: number
  /** a exp(-b n') through the medians beyond `reachEnd`, every decade alike; absent while they are fewer than three. */
  readonly fit?: Pick<ExponentialFit, 'rate' | 'rateError' | 'factors'> | undefined
  /** a exp(-b n') through the means at all item counts by least squares, as the paper fits; absent while they are fewer than three. */
  readonly meanFit?: DecayFit | undefined
}

/** The band of the curve: quantiles over sources. */
export const BAND = [0.1, 0.9] as const

/**
 * Prunes `sources` random sources at every item count, all counts once before any again, telling after each.
 * @param x input that the output errors are measured on, [T, d1]
 */
export async function traceErrors(
  solver: SubsetSumSolver,
  target: TargetHead,
  { seed, initialisation }: Omit<SourceChoice, 'items'>,
  x: Float64Array,
  sources: number,
  steps: PruneSteps,
  report: (curve: ErrorCurve) => void,
): Promise<void> {
  const errors: number[][] = Array.from({ length: MOST_ITEMS }, () => [])
  const missed = new Array<number>(MOST_ITEMS).fill(0)
  for (let s = 0; s < sources; s++) {
    for (let items = 1; items <= MOST_ITEMS; items++) {
      const stream = SOURCE_STREAM * (1 + s * MOST_ITEMS + items)
      const head = await pruneHead(solver, target, { seed, items, initialisation }, stream, steps)
      errors[items - 1].push(attentionError(target, mergedTicket(head), x, 16))
      if ([...head.scores, head.valueOutput].some(({ reachable }) => reachable.includes(0))) missed[items - 1]++
      report(summary(errors, missed, sources))
    }
  }
}

function summary(errors: readonly number[][], missed: readonly number[], sources: number): ErrorCurve {
  const known = errors.filter((values) => values.length > 0).map((values) => [...values].sort((a, b) => a - b))
  const at = (q: number) => known.map((sorted) => quantile(sorted, q))
  const items = known.map((_, i) => i + 1)
  const median = at(0.5)
  const reachEnd = items.findLast((n) => missed[n - 1] >= known[n - 1].length / 2) ?? 0
  const beyond = items.filter((n) => n > reachEnd && median[n - 1] > 0)
  const fit =
    beyond.length < 3 ? undefined : fitLogarithms(flattenCurves([{ x: beyond, y: beyond.map((n) => median[n - 1]) }]))
  const mean = known.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length)
  return {
    sources,
    done: known.reduce((sum, values) => sum + values.length, 0),
    total: sources * errors.length,
    items,
    mean,
    median,
    low: at(BAND[0]),
    high: at(BAND[1]),
    reachEnd,
    meanFit: items.length < 3 ? undefined : fitDecay(items, mean),
    fit: fit && { rate: fit.rate, rateError: fit.rateError, factors: fit.factors },
  }
}
