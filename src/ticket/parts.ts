/** The parts of a searched matrix in a file: its mask, and what it wears beside it. Each lies within one before it, where that is a mask. */
import {
  CodingError,
  decodeMask,
  encodeMask,
  leastDeflatedBytes,
  leastMaskBytes,
  type MaskGeometry,
  type MaskShape,
  maskGeometry,
  startProbability,
} from '../coding/index.js'
import { countOnes, gatherBits, getBit, packedBytes, type RowCopies, rowBits, spreadBits } from '../mask/index.js'
import { magnitudes, type Seed, signedMagnitudes } from '../random/index.js'
import { type Deflate, recallBytes, storeBytes } from './coding.js'
import type { MaskCoding } from './head.js'
import { generationBits, generationName, maskName, type SearchedMatrix } from './searched.js'
import { assertMask } from './searched-masks.js'

/** Rows of a line in which used rows are coded. */
const ROW_COLUMNS = 256

/** A part of a matrix. */
export interface MatrixPart {
  readonly kind: 'rows' | 'mask' | 'coat' | 'inverted' | 'generation'
  /** As `storedBytes` of a ticket names it. */
  readonly name: string
  /** Bits that it takes uncoded, an integer >= 0. */
  readonly bits: number
  /** Ones among them; of generations 0. */
  readonly ones: number
}

/** Name of the part of a further coat: the second is `coat.2`. @param index among those from the second on */
export const coatName = (matrix: string, index: number): string => `${matrix}.coat.${index + 2}`

/** The parts of a matrix in the order of the file. */
export function partsOf({
  name,
  shape,
  kept,
  usedRows,
  coats = [],
  inverted,
  generations,
}: SearchedMatrix): MatrixPart[] {
  const [rows, columns] = shape
  const parts: MatrixPart[] = []
  if (usedRows !== undefined) parts.push({ kind: 'rows', name: `${name}.rows`, bits: rows, ones: usedRows })
  parts.push({ kind: 'mask', name: maskName(name), bits: (usedRows ?? rows) * columns, ones: kept })
  for (const [i, ones] of coats.entries()) {
    parts.push({ kind: 'coat', name: coatName(name, i), bits: i === 0 ? kept : coats[i - 1], ones })
  }
  if (inverted !== undefined) parts.push({ kind: 'inverted', name: `${name}.inverted`, bits: kept, ones: inverted })
  if (generations > 0) {
    parts.push({ kind: 'generation', name: generationName(name), bits: kept * generationBits(generations), ones: 0 })
  }
  return parts
}

/** What coder and decoder know of a part that is a mask, but for what it lies within. */
export function partShape(matrix: SearchedMatrix, part: MatrixPart, seed: Seed): MaskShape {
  const { scores = null } = matrix
  const start = startProbability(part.ones, Math.max(1, part.bits))
  const geometry = geometryOf(matrix, part)
  if (part.kind === 'rows' || scores === null) return { geometry, start, magnitudes: null }
  const isSigned = part.kind === 'inverted'
  const read = isSigned ? signedMagnitudes : magnitudes
  const known = { geometry, start, magnitudes: (from: number, count: number) => read(seed, scores, from, count) }
  return isSigned ? { ...known, magnitudeBits: 8 } : known
}

/** How a part that is a mask is cut up. */
const geometryOf = ({ shape: [rows, columns] }: SearchedMatrix, { kind }: MatrixPart): MaskGeometry =>
  kind === 'rows' ? maskGeometry(rows, ROW_COLUMNS) : maskGeometry(rows * columns, columns)

/** Bytes that a part may take in the file: no less than its coding can go below, and no more than any sensible coder makes. */
export function partRange(
  matrix: SearchedMatrix,
  part: MatrixPart,
  coding: MaskCoding,
): { least: number; most: number } {
  const plain = packedBytes(part.bits)
  if (coding === 'bits' || (coding === 'range' && part.kind === 'generation')) return { least: plain, most: plain }
  if (coding === 'deflate') return { least: leastDeflatedBytes(plain), most: 2 * plain + 64 }
  const geometry = geometryOf(matrix, part)
  return { least: leastMaskBytes(geometry, part.bits), most: 2 * plain + 64 * geometry.chunks }
}

/** The masks of a matrix by its parts, each with one bit for every weight (or row); generations as they are packed. */
export interface PartValues {
  /** Packed bits, one a row; absent where the file lists no rows. */
  readonly rows?: Uint8Array | undefined
  readonly mask: Uint8Array
  readonly coats: readonly Uint8Array[]
  readonly inverted: Uint8Array | null
  readonly generation?: Uint8Array | undefined
}

/** The stored bytes of each part. @param deflate is needed for the coding of that name */
export function storeParts(
  matrix: SearchedMatrix,
  values: PartValues,
  coding: MaskCoding,
  seed: Seed,
  deflate: Deflate | undefined,
): Map<string, Uint8Array> {
  const { rows, mask, coats, inverted, generation } = values
  const count = matrix.shape[0] * matrix.shape[1]
  const of = { rows, mask, inverted, generation }
  const stored = new Map<string, Uint8Array>()
  let [outer, coat] = [rows ? rowBits(rows, matrix.shape[1], 0, count) : null, 0]
  for (const part of partsOf(matrix)) {
    const { kind, name, bits } = part
    const own = kind === 'coat' ? coats[coat++] : of[kind]!
    const within = kind === 'rows' || kind === 'generation' ? null : kind === 'inverted' ? mask : outer
    if (coding === 'range' && kind !== 'generation') {
      stored.set(name, encodeMask(own, { ...partShape(matrix, part, seed), within }))
    } else {
      stored.set(name, storeBytes(within ? gatherBits(own, within, count, bits) : own, coding, deflate))
    }
    if (kind === 'mask' || kind === 'coat') outer = own
  }
  return stored
}

/**
 * The copies that a list of rows leaves.
 * @param row the one that is shared
 * @param own packed bits, one a row of the matrix
 * @throws RangeError unless the shared row is listed
 */
export function copiesOf(
  { name, shape }: Pick<SearchedMatrix, 'name' | 'shape'>,
  row: number,
  own: Uint8Array,
): RowCopies {
  if (!getBit(own, row))
    throw new RangeError(`"${name}.rows" expected the shared row ${row} among its rows, got others`)
  return { row, own, rows: shape[0], columns: shape[1] }
}

/** Decodes a range-coded mask: the reference of src/coding, or a faster one with the same results. */
export type Decode = typeof decodeMask

/**
 * The masks of a matrix from its stored parts, lengths checked; {@link PartValues}.
 * @param read gives the stored bytes of a part
 * @throws RangeError when they are no such parts
 */
export async function recallParts(
  matrix: SearchedMatrix,
  coding: MaskCoding,
  seed: Seed,
  read: (name: string) => Promise<Uint8Array>,
  decode: Decode,
): Promise<PartValues> {
  const count = matrix.shape[0] * matrix.shape[1]
  const found: { -readonly [K in keyof PartValues]?: PartValues[K] } = {}
  const coats: Uint8Array[] = []
  let outer: Uint8Array | null = null
  for (const part of partsOf(matrix)) {
    const { kind } = part
    const within: Uint8Array | null =
      kind === 'rows' || kind === 'generation' ? null : kind === 'inverted' ? found.mask! : outer
    const values = await recallPart(matrix, part, within, { coding, seed, read, decode })
    if (kind === 'coat') coats.push(values)
    else found[kind] = values
    if (kind === 'rows') outer = rowBits(values, matrix.shape[1], 0, count)
    if (kind === 'mask' || kind === 'coat') outer = values
  }
  return { ...found, mask: found.mask!, coats, inverted: found.inverted ?? null }
}

/** The list of rows of a matrix from its stored part: packed bits, one a row; null where the file lists none. @throws RangeError when it is unsound */
export async function recallRows(
  matrix: SearchedMatrix,
  coding: MaskCoding,
  seed: Seed,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Uint8Array | null> {
  const [part] = partsOf(matrix)
  return part.kind === 'rows' ? recallPart(matrix, part, null, { coding, seed, read, decode: decodeMask }) : null
}

interface Recall {
  readonly coding: MaskCoding
  readonly seed: Seed
  readonly read: (name: string) => Promise<Uint8Array>
  readonly decode: Decode
}

/** @param within what the part lies within, a bit for every weight, or null */
async function recallPart(
  matrix: SearchedMatrix,
  part: MatrixPart,
  within: Uint8Array | null,
  { coding, seed, read, decode }: Recall,
): Promise<Uint8Array> {
  const { kind, name, bits } = part
  const stored = await read(name)
  const values = await naming(name, async () => {
    if (coding === 'range' && kind !== 'generation') {
      return decode(stored, { ...partShape(matrix, part, seed), within })
    }
    const plain = await recallBytes(stored, coding, packedBytes(bits))
    assertMask(name, plain, bits)
    return within ? spreadBits(plain, within, matrix.shape[0] * matrix.shape[1]) : plain
  })
  const ones = kind === 'rows' ? countOnes(values) : part.ones
  if (ones !== part.ones) throw new RangeError(`"${name}" expected ${part.ones} rows, got ${ones}`)
  return values
}

/** Names the part in what a coder says. */
async function naming(part: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CodingError) throw new RangeError(`"${part}": ${error.message}`)
    throw error
  }
}
