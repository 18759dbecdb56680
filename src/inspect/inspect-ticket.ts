import { matricesOf, parametersOf } from '../families/family.js'
import { isTable, layerOf, type Parameter } from '../families/parameter.js'
import { coordinateName, secondName } from '../ticket/format.js'
import {
  DROPPED,
  familyTitle,
  inspectionBytes,
  type PrunedTicket,
  type SearchedMatrix,
  type SearchedTicket,
  type Ticket,
} from '../ticket/index.js'
import { partsOf } from '../ticket/parts.js'
import { maskName } from '../ticket/searched.js'
import { type DenseSize, denseSizes } from './dense-sizes.js'
import { type DensityGrid, densityGrid, type RowPlaces } from './density-grid.js'
import { bitEntropy, keptLines, type LineSpread, lineSpread, type MaskMatrix } from './mask-lines.js'
import { type MaskSummary, type MatrixReport, part, type TicketReport, totalOf } from './report.js'
import { storedBytes } from './stored-bytes.js'

/** Most cells a side of a picture, and the least lines of a cell unless there are too few. */
export const PICTURE_CELLS = 32
const CELL_LINES = 8

/** Most points of a profile beside a picture. */
export const PROFILE_POINTS = 64

/** A mask as a picture with its profiles; for a pair the row of a weight is its unit's input. */
export interface MaskPicture {
  readonly name: string
  readonly layer: number | null
  /** Lines of what is drawn: of a matrix its shape, of a pair inputs and outputs. */
  readonly rows: number
  readonly columns: number
  readonly cells: DensityGrid
  /** One column of cells, one row of cells. */
  readonly rowProfile: DensityGrid
  readonly columnProfile: DensityGrid
  /** Of the rows of the mask, which in a pair are hidden units, and of its columns. */
  readonly rowSpread: LineSpread
  readonly columnSpread: LineSpread
  readonly rowsAre: 'rows' | 'units'
}

/** What is wanted of {@link inspectTicket}. */
export interface InspectOptions {
  /** Called with a picture of every mask, in the order of the file. */
  onPicture?(picture: MaskPicture): void
  onProgress?(done: number, total: number, name: string): void
  readonly signal?: AbortSignal | undefined
  /** All masks of the ticket's file, in its order; default: the ticket alone. */
  readonly fileMasks?: readonly SearchedTicket[] | undefined
  /** Gives a faster decoder of a searched matrix' mask; default: the reference. */
  decoderOf?(spec: SearchedMatrix): Parameters<SearchedTicket['readMask']>[1]
}

/**
 * Reads every mask of a ticket, one after another, and reports what the ticket is made of.
 * @throws InputError when a mask is unsound, or the ticket needs more memory than it may ask for; the signal's reason when it aborts between two masks
 */
export async function inspectTicket(ticket: Ticket, options: InspectOptions = {}): Promise<TicketReport> {
  ticket.memory.expect(inspectionBytes(ticket), 'inspect')
  const names = ticket.kind === 'searched' ? [...ticket.matrices.keys()] : [...ticket.pairs.keys()]
  const matrices: MatrixReport[] = []
  for (const [i, name] of names.entries()) {
    options.signal?.throwIfAborted()
    options.onProgress?.(i, names.length, name)
    const matrix = await (ticket.kind === 'searched'
      ? inspectMatrix(ticket, name, options)
      : inspectPair(ticket, name, options))
    matrices.push(matrix)
  }
  const { version, generator, config, probe } = ticket.metadata
  const byLayer = new Map<number | null, MatrixReport[]>() // in one pass: a header may name 100,000 layers
  for (const matrix of matrices) {
    const own = byLayer.get(matrix.layer)
    if (own) own.push(matrix)
    else byLayer.set(matrix.layer, [matrix])
  }
  const layers = Array.from({ length: config?.layers ?? 0 }, (_, layer) => {
    return { layer, ...totalOf(byLayer.get(layer) ?? []) }
  })
  const searched = ticket.kind === 'searched' ? ticket.metadata : null
  return {
    kind: ticket.kind,
    family: familyTitle(ticket.metadata),
    version,
    coding: ticket.coding,
    generator,
    seed: String(ticket.seed),
    sha256: ticket.sha256,
    config,
    norms: searched?.norms ?? null,
    tokenizer: searched?.tokenizer ?? null,
    search: searched?.search ?? null,
    sharedRow: ticket.kind === 'searched' ? sharedRowOf(ticket) : null,
    mask: ticket.kind === 'searched' ? ticket.mask : null,
    masks: ticket.kind === 'searched' ? (options.fileMasks ?? [ticket]).map(summaryOf) : [],
    construction: ticket.kind === 'searched' ? null : ticket.metadata.construction,
    probe,
    matrices,
    layers,
    total: totalOf(matrices),
    ...sizesOf(ticket, matrices),
  }
}

async function inspectMatrix(
  ticket: SearchedTicket,
  name: string,
  { onPicture, decoderOf }: InspectOptions,
): Promise<MatrixReport> {
  const { mask, spec } = await ticket.readMask(name, decoderOf?.(ticket.matrices.get(name)!))
  const [rows, columns] = spec.shape
  const weights = rows * columns
  const lines = linesOf({ mask, rows, columns })
  let [further, entropy] = [0, 0]
  for (const { kind, name: stored, bits, ones } of partsOf(spec)) {
    if (kind !== 'mask') further += storedBytes(ticket, stored)
    if (kind !== 'generation') entropy += bits * bitEntropy(part(ones, bits))
  }
  const report = {
    name,
    layer: layerOf(name),
    weights,
    ...lines,
    ...bytesOf(storedBytes(ticket, maskName(name)), further, weights),
    entropy: entropy / weights,
    pair: null,
    generations: spec.generations,
    coats: spec.coats ?? [],
    inverted: spec.inverted ?? 0,
    scale: spec.scale ?? 1,
    usedRows: rows - lines.rowSpread.empty,
  }
  onPicture?.(pictureOf(report, { mask, rows, columns }, { rows, of: (row) => row }))
  return report
}

function sharedRowOf({ metadata, matrices }: SearchedTicket): TicketReport['sharedRow'] {
  const { config, sharedRow: token } = metadata
  if (token === undefined) return null
  const { name, shape } = matricesOf(config).find(({ role }) => role === 'token-embedding')!
  return { token, tokens: shape[0] - matrices.get(name)!.usedRows! + 1 }
}

async function inspectPair(ticket: PrunedTicket, name: string, { onPicture }: InspectOptions): Promise<MatrixReport> {
  const { spec, coordinate, second } = await ticket.readMasks(name)
  const { inputs, hidden, outputs } = spec
  const mask = { mask: second, rows: hidden, columns: outputs }
  const lines = linesOf(mask)
  const weights = inputs * outputs
  const units = new Float64Array(inputs + 1) // the last: dropped
  for (const input of coordinate) units[input === DROPPED ? inputs : input]++
  const coordinateBits = units.reduce((bits, count) => bits - (count > 0 ? count * Math.log2(count / hidden) : 0), 0)
  const report = {
    name,
    layer: ticket.metadata.config === null ? null : layerOf(name),
    weights,
    ...lines,
    ...bytesOf(storedBytes(ticket, secondName(name)), storedBytes(ticket, coordinateName(name)), weights),
    entropy: (hidden * outputs * bitEntropy(lines.fraction) + coordinateBits) / weights,
    pair: { inputs, units: hidden, keptUnits: hidden - units[inputs], randomWeights: hidden * (inputs + outputs) },
    generations: 0,
    coats: [],
    inverted: 0,
    scale: 1,
    usedRows: hidden - lines.rowSpread.empty,
  }
  const of = (unit: number) => (coordinate[unit] === DROPPED ? -1 : coordinate[unit])
  onPicture?.(pictureOf(report, mask, { rows: inputs, of }))
  return report
}

function linesOf(matrix: MaskMatrix) {
  const { rows, columns } = matrix
  const lines = keptLines(matrix)
  const kept = lines.rows.reduce((sum, one) => sum + one, 0)
  return {
    rows,
    columns,
    kept,
    fraction: kept / (rows * columns),
    rowSpread: lineSpread(lines.rows, columns),
    columnSpread: lineSpread(lines.columns, rows),
  }
}

const bytesOf = (maskBytes: number, furtherBytes: number, weights: number) => {
  return { maskBytes, furtherBytes, bitsPerWeight: (8 * (maskBytes + furtherBytes)) / weights }
}

function pictureOf(report: MatrixReport, matrix: MaskMatrix, places: RowPlaces): MaskPicture {
  const { name, layer, rowSpread, columnSpread, pair } = report
  const { columns } = matrix
  const cells = (lines: number) => Math.max(Math.min(lines, 8), Math.min(PICTURE_CELLS, Math.floor(lines / CELL_LINES)))
  return {
    name,
    layer,
    rows: places.rows,
    columns,
    cells: densityGrid(matrix, cells(places.rows), cells(columns), places),
    rowProfile: densityGrid(matrix, PROFILE_POINTS, 1, places),
    columnProfile: densityGrid(matrix, 1, PROFILE_POINTS, places),
    rowSpread,
    columnSpread,
    rowsAre: pair ? 'units' : 'rows',
  }
}

function summaryOf(ticket: SearchedTicket): MaskSummary {
  const { matrices, search } = ticket.metadata
  const weights = matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const kept = matrices.reduce((sum, matrix) => sum + matrix.kept, 0)
  return { name: ticket.mask, kept, fraction: part(kept, weights), bytes: maskBytes(ticket), search }
}

/** Of everything that is stored of a mask. */
const maskBytes = ({ storedBytes: stored }: SearchedTicket): number =>
  [...stored.values()].reduce((sum, bytes) => sum + bytes, 0)

/** The parts of the file, and what the network would take without masks. */
function sizesOf(ticket: Ticket, matrices: readonly MatrixReport[]): Pick<TicketReport, 'size' | 'compared'> {
  const masks = matrices.reduce((sum, { maskBytes }) => sum + maskBytes, 0)
  const further = matrices.reduce((sum, { furtherBytes }) => sum + furtherBytes, 0)
  const dense = [...ticket.dense.keys()].reduce((sum, name) => sum + storedBytes(ticket, name), 0)
  const others = ticket.kind === 'searched' ? ticket.otherBytes : 0
  const { bytes } = ticket
  const sizes = denselyStored(ticket)
  const parameters = sizes[0].bytes / 4
  return {
    size: {
      bytes,
      header: bytes - masks - further - dense - others,
      masks,
      further,
      dense,
      others,
      parameters,
      bitsPerWeight: part(8 * (bytes - others), parameters),
    },
    compared: sizes.map((size) => ({ ...size, ratio: size.bytes / (bytes - others) })),
  }
}

/** A searched network has no biases; a pruned ticket stands for its target, biases and all. */
function denselyStored(ticket: Ticket): readonly DenseSize[] {
  if (ticket.kind === 'searched') {
    const own = matricesOf(ticket.metadata.config)
    return denseSizes([...own.map(({ shape }) => shape), ...ticket.dense.values()], (index) => hasTokenRows(own[index]))
  }
  const { config, pairs } = ticket.metadata
  if (config === null) {
    const shapes = [...pairs.map(({ inputs, outputs }) => [inputs, outputs]), ...ticket.dense.values()]
    return denseSizes(shapes, (index) => index >= pairs.length)
  }
  const parameters = parametersOf(config)
  return denseSizes(
    parameters.map(({ shape }) => shape),
    (index) => hasTokenRows(parameters[index]),
  )
}

/** Whether a matrix has a row a token, position or type, and not one an input. */
const hasTokenRows = (one: Parameter): boolean => one.kind === 'matrix' && (isTable(one.role) || one.role === 'head')
