/** One target matrix: choose the units of every coordinate, solve all subset sums on the pool, assemble the masks. */
import { copyBits, packedBytes } from '../mask/index.js'
import type { Seed } from '../random/index.js'
import type { PairMasks, PairReport, PairSpec } from '../ticket/index.js'
import { groupUnits } from './choose-units.js'
import { createErrorStatistics, type ErrorCounts } from './error-statistics.js'
import { productRange } from './pair-source.js'
import type { Column, ColumnsResult } from './solve-columns.js'
import type { PrunePool } from './task.js'

/** Subset sums in one task: some tens of milliseconds. */
const PROBLEMS_A_TASK = 16384

export interface PruneMatrixOptions {
  seed: Seed
  spec: PairSpec
  /** W, float64 row-major [inputs, outputs]. */
  targets: Float64Array
  method: 'balanced' | 'plain'
  signal?: AbortSignal
  /** Called as subset sums are solved, with how many more. */
  onSolved?(count: number): void
}

/** The masks of a pair, what they achieve, and how large the errors of its weights are. */
export interface PrunedMatrix {
  masks: PairMasks
  report: PairReport
  errors: ErrorCounts
}

/** Prunes a matrix somewhere. */
export type PruneMatrix = (options: PruneMatrixOptions) => Promise<PrunedMatrix>

/** The columns of a pair, from the coordinate of each unit; a unit's place in a column is by its index. */
export function columnsOf(spec: PairSpec, coordinate: Uint16Array, targets: Float64Array): Column[] {
  const { inputs, outputs } = spec
  const units: number[][] = Array.from({ length: inputs }, () => [])
  coordinate.forEach((j, k) => {
    units[j]?.push(k)
  })
  return units.map((members, j) => ({
    coordinate: j,
    units: Uint32Array.from(members),
    targets: targets.slice(j * outputs, (j + 1) * outputs),
  }))
}

/** Prunes the two random matrices of a pair to a target matrix (Lemma 4/7). */
export async function pruneMatrix(pool: PrunePool, options: PruneMatrixOptions): Promise<PrunedMatrix> {
  const { seed, spec, targets, method, signal, onSolved } = options
  const { inputs, hidden, outputs } = spec
  const coordinate =
    method === 'plain'
      ? groupUnits(spec)
      : ((await pool.run({ kind: 'balance', seed, spec, targets, range: productRange(spec) }, signal)) as Uint16Array)
  const columns = columnsOf(spec, coordinate, targets)
  const second = new Uint8Array(packedBytes(hidden * outputs))
  const errors = new Float64Array(inputs * outputs)
  const expectedGaps: number[] = []
  let unreachable = 0
  const rowBytes = packedBytes(outputs)
  const size = Math.max(1, Math.floor(PROBLEMS_A_TASK / outputs))
  const tasks: Promise<void>[] = []
  for (let from = 0; from < inputs; from += size) {
    const part = columns.slice(from, from + size)
    const finish = (result: ColumnsResult) => {
      const units = part.flatMap((column) => [...column.units])
      units.forEach((unit, r) => {
        copyBits(result.rows, r * rowBytes * 8, second, unit * outputs, outputs)
      })
      errors.set(result.errors, from * outputs)
      unreachable += result.unreachable
      // Reports are finite: a gap beyond every float64, far out of reach, still counts on the large side of the median.
      expectedGaps.push(...result.expectedGaps.map((gap) => Math.min(gap, Number.MAX_VALUE)))
      onSolved?.(part.length * outputs)
    }
    tasks.push(pool.run({ kind: 'columns', seed, spec, columns: part }, signal).then((r) => finish(r as ColumnsResult)))
  }
  await allOrFirstError(tasks)
  const statistics = createErrorStatistics()
  statistics.add(errors)
  const report: PairReport = {
    weights: errors.length,
    unreachable,
    maxError: statistics.max,
    medianError: statistics.median(),
    expectedGap: expectedGaps.sort((a, b) => a - b)[expectedGaps.length >> 1] ?? 0,
  }
  return { masks: { spec, coordinate, second }, report, errors: statistics.counts() }
}

/** Waits for all, so that none is left behind, and then throws the first failure. */
async function allOrFirstError(tasks: Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(tasks)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
