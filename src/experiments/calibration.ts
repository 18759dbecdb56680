/**
 * An empirical value for the paper's unspecified constant C: how many random products a weight really needs (Lemma 4/7).
 * It holds for the sizes measured, not universally, and is no proof.
 */
import { prunePairs } from '../paper/prune-pair.js'
import { createSourcePair } from '../paper/source.js'
import { type Seed, uniform } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import { matrixWidth } from '../theory/width.js'

/** Arguments of {@link calibrateC}. */
export interface CalibrationOptions {
  /** Input width, integer >= 1; default 2. */
  d1?: number
  /** Output width, integer >= 1; default d1. */
  d2?: number
  /** Error and probability of failure, 0 < eps < 1; default 0.05. */
  eps?: number
  /** Random matrices an item count, integer >= 1; default max(200, ceil(10 / eps)), so that about ten may fail. */
  matrices?: number
  /** Largest item count tried, integer from 1 to 256; default 64. */
  maxItems?: number
  /** Unsigned 64-bit, default 0; reads streams from 0 on, each item count its own. */
  seed?: Seed
  onProgress?: (progress: { done: number; total: number; label: string }) => void
  signal?: AbortSignal
}

/** One item count: how often a whole matrix came out right. */
export interface CalibrationPoint {
  items: number
  /** Fraction of matrices with max-norm error at most eps / (d1 d2). */
  success: number
  /** Wilson's 95 % interval of that fraction. */
  low: number
  high: number
}

/** Outcome of a calibration. */
export interface Calibration {
  d1: number
  d2: number
  eps: number
  matrices: number
  /** n': least item count with success >= 1 - eps. */
  items: number
  /** n' / log(d1 d2 / eps). */
  C: number
  /** C of the least item counts whose interval reaches up to, and lies wholly above, 1 - eps; `high` is null when no
   * item count tried is certain. */
  low: number
  high: number | null
  points: CalibrationPoint[]
}

/** Wilson's score interval for `successes` of `trials` at `z` standard deviations (1.96 for 95 %). */
export function wilsonInterval(successes: number, trials: number, z = 1.96): { low: number; high: number } {
  const p = successes / trials
  const spread = z * Math.sqrt((p * (1 - p) + (z * z) / (4 * trials)) / trials)
  const centre = p + (z * z) / (2 * trials)
  const scale = 1 + (z * z) / trials
  return { low: (centre - spread) / scale, high: (centre + spread) / scale }
}

function successAt(
  solver: SubsetSumSolver,
  options: Required<Pick<Calibration, 'd1' | 'd2' | 'eps' | 'matrices'>> & { seed: Seed },
  items: number,
): CalibrationPoint {
  const { d1, d2, eps, matrices, seed } = options
  const first = items * 2 ** 32
  const jobs = Array.from({ length: matrices }, (_, m) => {
    const stream = first + 3 * m
    const shape = { inputs: d1, hidden: items * d1, outputs: d2 }
    return {
      source: createSourcePair({ seed, stream, ...shape, role: 'value-output', initialisation: 'theory' }),
      target: uniform(seed, stream + 2, d1 * d2),
    }
  })
  const tolerance = eps / (d1 * d2)
  const good = prunePairs(solver, jobs).filter(({ errors }) => errors.every((e) => Math.abs(e) <= tolerance)).length
  return { items, success: good / matrices, ...wilsonInterval(good, matrices) }
}

/**
 * Finds the least number n' of items for which at least a fraction 1 - eps of random d1 x d2 matrices (entries U(-1, 1),
 * items products of two U(-1, 1)) is matched to max-norm error eps / (d1 d2), and so C = n' / log(d1 d2 / eps). Item
 * counts are tried upwards, from the fewest that could suffice, until Wilson's 95 % interval lies above 1 - eps: that spread is the reported uncertainty.
 *
 * @throws RangeError for a bad argument, or when `maxItems` items do not suffice
 */
export async function calibrateC(solver: SubsetSumSolver, options: CalibrationOptions = {}): Promise<Calibration> {
  const { d1 = 2, d2 = d1, eps = 0.05, maxItems = 64, seed = 0, onProgress, signal } = options
  const { logArgument } = matrixWidth(d1, d2, eps)
  const { matrices = Math.max(200, Math.ceil(10 / eps)) } = options
  for (const [name, value] of Object.entries({ matrices, maxItems }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`"${name}" expected an integer >= 1, got ${value}`)
  const points: CalibrationPoint[] = []
  // 2^n' sums cover at most 2^n' eps / (d1 d2) of the targets' range, so fewer items than this cannot succeed.
  const fewest = Math.max(1, Math.ceil(Math.log2(1 - eps) + logArgument / Math.LN2))
  for (let items = fewest; items <= maxItems; items++) {
    signal?.throwIfAborted()
    const point = successAt(solver, { d1, d2, eps, matrices, seed }, items)
    points.push(point)
    onProgress?.({ done: items, total: maxItems, label: `${items} items: ${(100 * point.success).toFixed(1)} %` })
    await new Promise((resolve) => setTimeout(resolve, 0))
    if (point.low >= 1 - eps) break
  }
  const least = (reaches: (point: CalibrationPoint) => boolean): number | null => {
    const found = points.find(reaches)
    return found ? found.items / logArgument : null
  }
  const C = least(({ success }) => success >= 1 - eps)
  if (C === null) throw new RangeError(`"maxItems" expected enough items for eps = ${eps}, got ${maxItems}`)
  return {
    d1,
    d2,
    eps,
    matrices,
    items: Math.round(C * logArgument),
    C,
    low: least(({ high }) => high >= 1 - eps) ?? C,
    high: least(({ low }) => low >= 1 - eps),
    points,
  }
}
