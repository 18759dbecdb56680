import { uniform } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'

/** One measured point: how many items a weight needs for error q with probability 1 - q. */
export interface CalibrationPoint {
  /** q, tolerated error and probability of failure of one weight (the lemma's eps / (d1 d2)). */
  readonly q: number
  /** Least n' at which at most a fraction q of the problems missed by more than q. */
  readonly items: number
  /** n' / log(1 / q). */
  readonly C: number
}

const PROBLEMS = 20_000
const TOLERANCES = [0.1, 0.03, 0.01, 0.003]
const MOST_ITEMS = 40

/**
 * An empirical C for Lemma 7, n >= d1 C log(d1 d2 / eps). The lemma splits into one subset-sum problem a weight, each
 * allowed the error q = eps / (d1 d2) with probability q of failure, so that n' = C log(1 / q). For several q the least
 * n' that does it is measured on random problems, items products of two U(-1, 1) as the paper draws them, targets
 * uniform on (-1, 1). C is the largest n' / log(1 / q) of them; it grows towards larger q, where reach decides.
 * Reads stream n' of the seed.
 * @param solver any solver: all give the same masks
 * @param seed unsigned 64-bit
 */
export async function calibrate(
  solver: SubsetSumSolver,
  seed: number | bigint,
  options: { onProgress?: (done: number, total: number, label: string) => void; signal?: AbortSignal } = {},
): Promise<{ C: number; points: CalibrationPoint[]; problems: number }> {
  const points: CalibrationPoint[] = []
  let items = 2
  for (const q of TOLERANCES) {
    for (; items <= MOST_ITEMS; items++) {
      options.signal?.throwIfAborted()
      options.onProgress?.(points.length, TOLERANCES.length, `q = ${q}, ${items} items`)
      await new Promise((resolve) => setTimeout(resolve, 0))
      if (missedFraction(solver, seed, items, q) <= q) break
    }
    points.push({ q, items, C: items / Math.log(1 / q) })
  }
  return { C: Math.max(...points.map(({ C }) => C)), points, problems: PROBLEMS }
}

/** The fraction of random problems whose best subset misses its target by more than q. */
function missedFraction(solver: SubsetSumSolver, seed: number | bigint, itemCount: number, q: number): number {
  const deviates = uniform(seed, itemCount, PROBLEMS * (2 * itemCount + 1))
  const items = new Float64Array(PROBLEMS * itemCount)
  for (let i = 0; i < items.length; i++) items[i] = deviates[2 * i] * deviates[2 * i + 1]
  const targets = deviates.subarray(2 * items.length)
  const { errors } = solver.solve({ itemCount, items, targets })
  return errors.filter((error) => Math.abs(error) > q).length / PROBLEMS
}
