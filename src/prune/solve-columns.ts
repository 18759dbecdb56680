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

const SAMPLES = 4

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
    const errors = result.errors.subarray(c * outputs, (c + 1) * outputs)
    const rows = result.rows.subarray(firstUnit * rowBytes, (firstUnit + m) * rowBytes)
    if (m === 0) {
      errors.set(column.targets.map(Math.abs))
      result.unreachable += column.targets.reduce((count, target) => count + (target === 0 ? 0 : 1), 0)
    } else if (m <= MAX_EXACT_ITEMS) solveExactColumn(kernels, task, column, errors, rows, result)
    else solveLongColumn(kernels, task, column, errors, rows, result)
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

function solveExactColumn(
  kernels: Kernels,
  task: ColumnsTask,
  column: Column,
  errors: Float64Array,
  rows: Uint8Array,
  result: ColumnsResult,
): void {
  const { outputs } = task.spec
  const m = column.units.length
  const { exports } = kernels
  const [secondAt, factorsAt, targetsAt, masksAt, errorsAt, reachableAt, rowsAt] = kernels.reserve(
    m * outputs * 4 + 16,
    m * 8,
    outputs * 8,
    outputs * 4,
    outputs * 8,
    outputs,
    rows.length,
  )
  const factors = fillColumn(kernels, task, column, secondAt)
  const { buffer } = exports.memory
  new Float64Array(buffer, factorsAt, m).set(factors)
  new Float64Array(buffer, targetsAt, outputs).set(column.targets)
  exports.solvePairColumn(factorsAt, secondAt, outputs, targetsAt, outputs, m, masksAt, errorsAt, reachableAt)
  exports.packRows(masksAt, outputs, m, rowsAt)
  rows.set(new Uint8Array(buffer, rowsAt, rows.length))
  const signed = new Float64Array(buffer, errorsAt, outputs)
  const reachable = new Uint8Array(buffer, reachableAt, outputs)
  for (let i = 0; i < outputs; i++) {
    errors[i] = Math.abs(signed[i])
    result.unreachable += 1 - reachable[i]
  }
  sampleGaps(column, factors, new Float32Array(buffer, secondAt, m * outputs), outputs, result)
}

/** More units than the exact kernel takes: the batch solver, which anchors (subset-sum/anchored.ts). */
function solveLongColumn(
  kernels: Kernels,
  task: ColumnsTask,
  column: Column,
  errors: Float64Array,
  rows: Uint8Array,
  result: ColumnsResult,
): void {
  const { outputs } = task.spec
  const m = column.units.length
  const [secondAt] = kernels.reserve(m * outputs * 4)
  const factors = fillColumn(kernels, task, column, secondAt)
  const second = new Float32Array(kernels.exports.memory.buffer, secondAt, m * outputs).slice()
  const items = new Float64Array(outputs * m)
  for (let k = 0; k < m; k++) for (let i = 0; i < outputs; i++) items[i * m + k] = factors[k] * second[k * outputs + i]
  const solved = createWasmSolver(kernels).solve({ itemCount: m, items, targets: column.targets })
  const words = Math.ceil(m / 32)
  const rowBytes = packedBytes(outputs)
  const bits = new Uint8Array(outputs)
  for (let k = 0; k < m; k++) {
    for (let i = 0; i < outputs; i++) bits[i] = (solved.masks[i * words + (k >> 5)] >>> (k & 31)) & 1
    rows.set(packBits(bits), k * rowBytes)
  }
  for (let i = 0; i < outputs; i++) {
    errors[i] = Math.abs(solved.errors[i])
    result.unreachable += 1 - solved.reachable[i]
  }
  sampleGaps(column, factors, second, outputs, result)
}

/** Expected gaps of a few outputs of the column, spread over it. */
function sampleGaps(
  column: Column,
  factors: Float64Array,
  second: Float32Array,
  outputs: number,
  result: ColumnsResult,
): void {
  const m = factors.length
  for (let s = 0; s < Math.min(SAMPLES, outputs); s++) {
    const i = Math.floor((s * outputs) / SAMPLES) % outputs
    const items = Array.from({ length: m }, (_, k) => factors[k] * second[k * outputs + i])
    result.expectedGaps.push(expectedGap(items, column.targets[i]))
  }
}
