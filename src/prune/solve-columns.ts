/**
 * The subset sums of some input coordinates of a pair (Lemma 4/7): column j holds the hidden units that see input j, and
 * output i of it is the problem with items `factor_k second[k, i]` over its units k and the target W[j, i].
 */
import { type Kernels, weightFiller } from '../kernels/index.js'
import { createWasmSolver } from '../kernels/subset-sum.js'
import { packBits, packedBytes } from '../mask/index.js'
import type { Seed } from '../random/index.js'
import { expectedGap, MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import type { PairSpec } from '../ticket/index.js'

/** One input coordinate and its hidden units. */
export interface Column {
  /** j, 0 to d1 - 1. */
  coordinate: number
  /** Hidden units that see this coordinate, ascending; [m], m from 0 to 256. */
  units: Uint32Array
  /** Row j of the target, [outputs]. */
  targets: Float64Array
}

/** A piece of work that any thread may do. */
export interface ColumnsTask {
  seed: Seed
  spec: PairSpec
  columns: Column[]
}

/** What came of it. */
export interface ColumnsResult {
  /** Second masks, one row of packed bits (least significant first) a unit: [sum of m][ceil(outputs / 8)]. */
  rows: Uint8Array
  /** |sum - target| of every problem, [columns, outputs]. */
  errors: Float64Array
  /** Targets out of reach. */
  unreachable: number
  /** Expected gaps of a sample of the problems. */
  expectedGaps: number[]
}

/** Problems of a column whose expected gap is computed. */
const SAMPLES = 4

/** A solved column, and the random weights behind it. */
interface SolvedColumn {
  /** [m][ceil(outputs / 8)] packed bits. */
  rows: Uint8Array
  /** Sum minus target, [outputs]. */
  errors: Float64Array
  /** [outputs] */
  reachable: Uint8Array
  /** First weights over the divisor, [m]. */
  factors: Float64Array
  /** [m, outputs] */
  second: Float32Array
}

/** Solves a task on the calling thread. */
export function solveColumns(kernels: Kernels, task: ColumnsTask): ColumnsResult {
  const { columns } = task
  const { outputs } = task.spec
  const rowBytes = packedBytes(outputs)
  const unitCount = columns.reduce((sum, column) => sum + column.units.length, 0)
  const result: ColumnsResult = {
    rows: new Uint8Array(unitCount * rowBytes),
    errors: new Float64Array(columns.length * outputs),
    unreachable: 0,
    expectedGaps: [],
  }
  let firstUnit = 0
  columns.forEach((column, c) => {
    const m = column.units.length
    const solved =
      m === 0
        ? withoutUnits(column)
        : m <= MAX_EXACT_ITEMS
          ? solveExactColumn(kernels, task, column)
          : solveLongColumn(kernels, task, column)
    result.rows.set(solved.rows, firstUnit * rowBytes)
    for (let i = 0; i < outputs; i++) {
      result.errors[c * outputs + i] = Math.abs(solved.errors[i])
      result.unreachable += 1 - solved.reachable[i]
    }
    if (m > 0) result.expectedGaps.push(...sampleGaps(column, solved.factors, solved.second))
    firstUnit += m
  })
  return result
}

/**
 * The random weights that a column reads: the first weights of its units over the divisor, float64 [m], returned, and
 * the second weights, float32 [m, outputs], written to `address` in kernel memory.
 */
function fillColumn(kernels: Kernels, { seed, spec }: ColumnsTask, column: Column, address: number): Float64Array {
  const { hidden, outputs, first, second, divisor } = spec
  const fillFirst = weightFiller(kernels, { seed, ...first })
  const fillSecond = weightFiller(kernels, { seed, ...second })
  const factors = new Float64Array(column.units.length)
  column.units.forEach((unit, k) => {
    fillFirst(address, column.coordinate * hidden + unit, 1)
    factors[k] = new Float32Array(kernels.exports.memory.buffer, address, 1)[0] / divisor
  })
  column.units.forEach((unit, k) => {
    fillSecond(address + k * outputs * 4, unit * outputs, outputs)
  })
  return factors
}

/** A coordinate that no unit sees: every sum is 0. */
function withoutUnits({ targets }: Column): SolvedColumn {
  return {
    rows: new Uint8Array(0),
    errors: targets.map((target) => -target),
    reachable: Uint8Array.from(targets, (target) => (target === 0 ? 1 : 0)),
    factors: new Float64Array(0),
    second: new Float32Array(0),
  }
}

/** The kernel for a whole column. The arrays returned are views of kernel memory, good until its next use. */
function solveExactColumn(kernels: Kernels, task: ColumnsTask, column: Column): SolvedColumn {
  const { outputs } = task.spec
  const m = column.units.length
  const rowsLength = m * packedBytes(outputs)
  const { exports } = kernels
  const [secondAt, factorsAt, targetsAt, masksAt, errorsAt, reachableAt, rowsAt] = kernels.reserve(
    m * outputs * 4 + 16,
    m * 8,
    outputs * 8,
    outputs * 4,
    outputs * 8,
    outputs,
    rowsLength,
  )
  const factors = fillColumn(kernels, task, column, secondAt)
  const { buffer } = exports.memory
  new Float64Array(buffer, factorsAt, m).set(factors)
  new Float64Array(buffer, targetsAt, outputs).set(column.targets)
  exports.solvePairColumn(factorsAt, secondAt, outputs, targetsAt, outputs, m, masksAt, errorsAt, reachableAt)
  exports.packRows(masksAt, outputs, m, rowsAt)
  return {
    rows: new Uint8Array(buffer, rowsAt, rowsLength),
    errors: new Float64Array(buffer, errorsAt, outputs),
    reachable: new Uint8Array(buffer, reachableAt, outputs),
    factors,
    second: new Float32Array(buffer, secondAt, m * outputs),
  }
}

/** More units than the exact kernel takes: the batch solver, which anchors (subset-sum/anchored.ts). */
function solveLongColumn(kernels: Kernels, task: ColumnsTask, column: Column): SolvedColumn {
  const { outputs } = task.spec
  const m = column.units.length
  const [secondAt] = kernels.reserve(m * outputs * 4)
  const factors = fillColumn(kernels, task, column, secondAt)
  const second = new Float32Array(kernels.exports.memory.buffer, secondAt, m * outputs).slice()
  const items = new Float64Array(outputs * m)
  for (let k = 0; k < m; k++) for (let i = 0; i < outputs; i++) items[i * m + k] = factors[k] * second[k * outputs + i]
  const { masks, errors, reachable } = createWasmSolver(kernels).solve({ itemCount: m, items, targets: column.targets })
  const words = Math.ceil(m / 32)
  const rowBytes = packedBytes(outputs)
  const rows = new Uint8Array(m * rowBytes)
  const bits = new Uint8Array(outputs)
  for (let k = 0; k < m; k++) {
    for (let i = 0; i < outputs; i++) bits[i] = (masks[i * words + (k >> 5)] >>> (k & 31)) & 1
    rows.set(packBits(bits), k * rowBytes)
  }
  return { rows, errors, reachable, factors, second }
}

/** Expected gaps of a few outputs of the column, spread over it. */
function sampleGaps({ targets }: Column, factors: Float64Array, second: Float32Array): number[] {
  const outputs = targets.length
  return Array.from({ length: Math.min(SAMPLES, outputs) }, (_, s) => {
    const i = Math.floor((s * outputs) / SAMPLES)
    return expectedGap(
      factors.map((factor, k) => factor * second[k * outputs + i]),
      targets[i],
    )
  })
}
