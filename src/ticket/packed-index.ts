/**
 * The index of a packed mask tensor: for every matrix how many weights each of its parts has and how many bytes they take, one entry behind
 * another, before the parts themselves. docs/ticket-format.md specifies it under *Version 4*.
 */
import { type Initialisation, initialisationScale } from '../random/index.js'
import { createFieldReader, createFieldWriter, type Fields } from './compact-fields.js'
import { partsOf } from './parts.js'
import { COAT_LIMIT, GENERATION_LIMIT, type SearchedMatrix } from './searched.js'

/** Most bytes of an entry: flags, at most 18 numbers of at most 5 bytes and a scale, then the lengths of at most 18 parts. */
export const ENTRY_BYTES = 1 + 18 * 5 + 4 + 18 * 5

/** What flags say beside the number of further coats, their lowest four bits. */
const INVERTED = 16
const SCALE = 32
const REDRAWN = 64
const ROWS = 128

/** An entry: a matrix as far as its index says it, and the bytes of its parts by their names. */
export interface IndexEntry {
  readonly matrix: SearchedMatrix
  readonly lengths: ReadonlyMap<string, number>
}

/** The different initialisations of some matrices, in the order of their first use. */
export function initialisationsOf(matrices: Iterable<SearchedMatrix>): Initialisation[] {
  const found: Initialisation[] = []
  for (const { init } of matrices) if (placeOf(found, init) < 0) found.push(init)
  return found
}

const placeOf = (inits: readonly Initialisation[], init: Initialisation): number =>
  inits.findIndex((other) => other.kind === init.kind && initialisationScale(other) === initialisationScale(init))

/** The index of some matrices. @param inits the file's initialisations, among them those of the matrices */
export function encodeIndex(entries: readonly IndexEntry[], inits: readonly Initialisation[]): Uint8Array {
  const fields = createFieldWriter()
  for (const { matrix, lengths } of entries) entryFields(fields, inits, matrix, lengths)
  return fields.done()
}

/**
 * Reads an index.
 * @param bytes the index, and what follows it
 * @param known of each matrix what the index does not say: name, shape, streams
 * @returns the entries, and the bytes that they took
 * @throws RangeError naming the field that is wrong
 */
export function decodeIndex(
  bytes: Uint8Array,
  known: readonly Pick<SearchedMatrix, 'name' | 'shape' | 'stream' | 'scores'>[],
  inits: readonly Initialisation[],
): { entries: IndexEntry[]; size: number } {
  const fields = createFieldReader(bytes)
  const entries = known.map((own) => entryFields(fields, inits, { ...own, init: inits[0], kept: 0, generations: 0 }))
  return { entries, size: bytes.length - fields.rest().length }
}

/** Writes an entry, or reads one and gives it back. @param matrix of a reader: what the index does not say */
function entryFields(
  fields: Fields,
  inits: readonly Initialisation[],
  matrix: SearchedMatrix,
  lengths: ReadonlyMap<string, number> = new Map(),
): IndexEntry {
  const { name, shape, coats = [], inverted = 0, scale = 1, usedRows = 0, generations } = matrix
  const count = shape[0] * shape[1]
  const integer = (what: string, value: number, most: number) => fields.integer(`${name}.${what}`, value, most)
  const has = (present: boolean, flag: number) => (present ? flag : 0)
  const written =
    coats.length +
    has(matrix.inverted !== undefined, INVERTED) +
    has(matrix.scale !== undefined, SCALE) +
    has(generations > 0, REDRAWN) +
    has(matrix.usedRows !== undefined, ROWS)
  const [flags] = fields.bytes(`${name}.flags`, Uint8Array.of(written), 1)
  const further = flags & 15
  if (further >= COAT_LIMIT) {
    throw new RangeError(`"${name}.coats" expected at most ${COAT_LIMIT} coats in all, got ${further + 1}`)
  }
  const init = inits[integer('init', placeOf(inits, matrix.init), inits.length - 1)]
  const rows = flags & ROWS ? { usedRows: integer('usedRows', usedRows, shape[0]) } : {}
  const kept = integer('kept', matrix.kept, count)
  const worn: number[] = []
  for (let i = 0; i < further; i++) worn.push(integer('coats', coats[i] ?? 0, i === 0 ? kept : worn[i - 1]))
  const signs = flags & INVERTED ? { inverted: integer('inverted', inverted, kept) } : {}
  const factor = flags & SCALE ? { scale: scaleOf(fields.bytes(`${name}.scale`, scaleBytes(scale), 4)) } : {}
  const redrawn = flags & REDRAWN ? integer('generations', generations, GENERATION_LIMIT) : 0
  if (flags & REDRAWN && redrawn === 0) throw new RangeError(`"${name}.generations" expected at least 1, got 0`)
  const own = { ...matrix, init, kept, generations: redrawn }
  const whole = { ...own, ...rows, ...(further > 0 ? { coats: worn } : {}), ...signs, ...factor }
  const sizes = partsOf(whole).map(({ name: part }): [string, number] => {
    return [part, fields.integer(`${part} length`, lengths.get(part) ?? 0, 2 ** 31)]
  })
  return { matrix: whole, lengths: new Map(sizes) }
}

function scaleBytes(scale: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, scale, true)
  return bytes
}

const scaleOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true)
