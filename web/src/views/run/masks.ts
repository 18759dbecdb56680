/** Masks as pictures, their titles and parts, in a worker. */
import { type DensityGrid, densityGrid } from '../../../../src/inspect/density-grid.js'
import type { MaskPicture } from '../../../../src/inspect/inspect-ticket.js'
import { createMaskDecoder, type Kernels } from '../../../../src/kernels/index.js'
import { getBit, packBits } from '../../../../src/mask/index.js'
import { choiceOf, type SearchedMatrix, type SearchedTicket, type Ticket } from '../../../../src/ticket/index.js'
import { type MatrixTitle, matrixTitles } from '../../ui/matrix-title.js'

/** A mask as a picture, and what its matrix is called. */
export type TitledPicture = MaskPicture & MatrixTitle

/** A mask: of a pair the second, one row a hidden unit. */
export interface OpenMask {
  readonly name: string
  readonly mask: Uint8Array
  readonly rows: number
  readonly columns: number
}

/** A part of a mask. */
export interface MaskWindow {
  readonly row: number
  readonly column: number
  /** Lines in it, integers >= 1. */
  readonly rows: number
  readonly columns: number
}

/** What the matrices of a ticket are called; loose pairs by their names. */
export function titlesOf({ kind, metadata }: Ticket, token: string): (name: string) => MatrixTitle {
  const { config } = metadata
  if (!config) return (name) => ({ group: 'pairs', part: name })
  const titles = matrixTitles(config, kind === 'searched' ? null : choiceOf(metadata.construction), token)
  return (name) => titles.get(name) ?? { group: 'further', part: name }
}

/** Decoders of searched masks by the kernels, for `readMask`. */
export function fastDecoders(kernels: Kernels, seed: bigint) {
  const decode = createMaskDecoder(kernels)
  return ({ scores }: SearchedMatrix): Parameters<SearchedTicket['readMask']>[1] =>
    (bytes, shape) =>
      decode(bytes, shape, scores === null || scores === undefined ? null : { seed, stream: scores })
}

/** Reads a mask whole. @throws InputError when it is unsound or there is none of that name */
export async function openMask(kernels: Kernels, ticket: Ticket, name: string): Promise<OpenMask> {
  if (ticket.kind === 'searched') {
    const known = ticket.matrices.get(name)
    const { mask, spec } = await ticket.readMask(name, known && fastDecoders(kernels, ticket.seed)(known))
    return { name, mask, rows: spec.shape[0], columns: spec.shape[1] }
  }
  const { second, spec } = await ticket.readMasks(name)
  return { name, mask: second, rows: spec.hidden, columns: spec.outputs }
}

/** Kept fractions in a window of a mask, in at most `cells` x `cells` cells; a cell of one weight is 0 or 1. */
export function maskCells({ mask, rows, columns }: OpenMask, window: MaskWindow, cells: number): DensityGrid {
  const own = {
    row: Math.min(window.row, rows - 1),
    column: Math.min(window.column, columns - 1),
  }
  const [down, across] = [Math.min(window.rows, rows - own.row), Math.min(window.columns, columns - own.column)]
  const flags = new Uint8Array(down * across)
  for (let row = 0; row < down; row++) {
    const from = (own.row + row) * columns + own.column
    for (let column = 0; column < across; column++) flags[row * across + column] = getBit(mask, from + column)
  }
  return densityGrid({ mask: packBits(flags), rows: down, columns: across }, cells, cells)
}
