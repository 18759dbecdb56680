import { matricesOf } from '../families/family.js'
import { isLinearMap, layerOf, type MatrixRole } from '../families/parameter.js'
import { getBit } from '../mask/index.js'
import type { SearchedTicket } from '../ticket/index.js'

/** How much of a matrix the mask keeps. */
export interface KeptMatrix {
  readonly name: string
  readonly role: MatrixRole
  /** Number of the block, or null for embeddings and head. */
  readonly layer: number | null
  readonly rows: number
  readonly columns: number
  readonly count: number
  readonly kept: number
  readonly fraction: number
  /** Rows and columns in which no weight is kept. */
  readonly emptyRows: number
  readonly emptyColumns: number
}

/** How much of a network its masks keep. */
export interface KeptReport {
  readonly matrices: readonly KeptMatrix[]
  /** The matrices of each block together. */
  readonly layers: readonly {
    readonly layer: number
    readonly count: number
    readonly kept: number
    readonly fraction: number
  }[]
  readonly count: number
  readonly kept: number
  readonly fraction: number
  /** Collapsed matrices, a line each. */
  readonly warnings: readonly string[]
}

/** A matrix that keeps less than this part of what the whole ticket keeps has collapsed. */
const COLLAPSED = 0.01

/** So large a part of rows or columns without a weight is worth a warning. */
const MANY_EMPTY = 0.5

/**
 * Counts what the masks of a ticket keep, and names the matrices that have collapsed: those that keep nothing or less than
 * a hundredth of the ticket's own fraction, and those with half of their inputs or outputs cut off.
 * @throws InputError when a mask is unsound
 */
export async function keptReport(ticket: SearchedTicket): Promise<KeptReport> {
  const { config, search } = ticket.metadata
  const matrices: KeptMatrix[] = []
  for (const { name, shape, role } of matricesOf(config)) {
    const { mask, spec } = await ticket.readMask(name)
    const [rows, columns] = shape
    const count = rows * columns
    const own = { name, role, layer: layerOf(name), rows, columns, count, kept: spec.kept }
    matrices.push({ ...own, fraction: spec.kept / count, ...emptyLines(mask, rows, columns) })
  }
  const byLayer = new Map<number | null, KeptMatrix[]>() // in one pass: a header may name 100,000 layers
  for (const matrix of matrices) {
    const own = byLayer.get(matrix.layer)
    if (own) own.push(matrix)
    else byLayer.set(matrix.layer, [matrix])
  }
  const total = sumOf(matrices)
  const keep = search?.keep ?? total.fraction
  return {
    matrices,
    layers: Array.from({ length: config.layers }, (_, layer) => {
      return { layer, ...sumOf(byLayer.get(layer) ?? []) }
    }),
    ...total,
    warnings: matrices.flatMap((matrix) => warningsOf(matrix, keep)),
  }
}

function sumOf(matrices: readonly KeptMatrix[]): { count: number; kept: number; fraction: number } {
  const count = matrices.reduce((sum, matrix) => sum + matrix.count, 0)
  const kept = matrices.reduce((sum, matrix) => sum + matrix.kept, 0)
  return { count, kept, fraction: kept / count }
}

function emptyLines(mask: Uint8Array, rows: number, columns: number): { emptyRows: number; emptyColumns: number } {
  const used = new Uint8Array(columns)
  let emptyRows = 0
  for (let row = 0, i = 0; row < rows; row++) {
    let any = 0
    for (let column = 0; column < columns; column++, i++) {
      const bit = getBit(mask, i)
      any |= bit
      used[column] |= bit
    }
    if (any === 0) emptyRows++
  }
  return { emptyRows, emptyColumns: used.reduce((empty, one) => empty + 1 - one, 0) }
}

function warningsOf(matrix: KeptMatrix, keep: number): string[] {
  const { name, role, kept, count, fraction, rows, columns, emptyRows, emptyColumns } = matrix
  if (kept === 0) return [`${name} has collapsed: it keeps none of its ${count} weights`]
  if (fraction < COLLAPSED * keep) return [`${name} has collapsed: it keeps ${kept} of its ${count} weights`]
  const warnings: string[] = []
  // A row of an embedding is a token or a position: those that a text lacks need no weight.
  const hasTokenRows = !isLinearMap(role)
  if (!hasTokenRows && emptyRows >= MANY_EMPTY * rows)
    warnings.push(`${name}: ${emptyRows} of its ${rows} inputs are cut off`)
  // Of a matrix of few rows, such as a table of one token type, most columns are empty by chance.
  if (emptyColumns >= MANY_EMPTY * columns && (1 - fraction) ** rows < MANY_EMPTY) {
    warnings.push(`${name}: ${emptyColumns} of its ${columns} ${hasTokenRows ? 'dimensions' : 'outputs'} are cut off`)
  }
  return warnings
}
