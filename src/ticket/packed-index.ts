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

/** What flags say: the number of further coats, and whether there are the other parts. */
const COATS = 15
const INVERTED = 16
const SCALE = 32
const REDRAWN = 64
export const ROWS = 128

/** An entry: a matrix as far as its index says it, and the bytes of its parts by their names. */
export interface IndexEntry {
  readonly matrix: SearchedMatrix
  readonly lengths: ReadonlyMap<string, number>
}

/** The different initialisations of some matrices, those of one kind side by side; kinds, and those of a kind, in the order of their first use. */
export function initialisationsOf(matrices: Iterable<SearchedMatrix>): Initialisation[] {
  const found: Initialisation[] = []
  for (const { init } of matrices) if (placeOf(found, init) < 0) found.push(init)
  const kinds = [...new Set(found.map(({ kind }) => kind))]
  return kinds.flatMap((kind) => found.filter((init) => init.kind === kind))
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
  const { name, shape } = matrix
  const flags = dressFlags(fields, matrix)
  const place = fields.integer(`${name}.init`, placeOf(inits, matrix.init), inits.length - 1)
  const rows = flags & ROWS ? { usedRows: fields.integer(`${name}.usedRows`, matrix.usedRows ?? 0, shape[0]) } : {}
  const kept = fields.integer(`${name}.kept`, matrix.kept, shape[0] * shape[1])
  const worn = dressFields(fields, { ...matrix, kept }, flags)
  const redrawn = flags & REDRAWN ? fields.integer(`${name}.generations`, matrix.generations, GENERATION_LIMIT) : 0
  if (flags & REDRAWN && redrawn === 0) throw new RangeError(`"${name}.generations" expected at least 1, got 0`)
  const whole = { ...matrix, init: inits[place], kept, generations: redrawn, ...rows, ...worn }
  const sizes = partsOf(whole).map(({ name: part }): [string, number] => {
    return [part, fields.integer(`${part} length`, lengths.get(part) ?? 0, 2 ** 31)]
  })
  return { matrix: whole, lengths: new Map(sizes) }
}

/** The byte that says what a matrix has beside its mask: bits 0 to 3 the number of further coats, then a bit for each other part. */
export function dressFlags(fields: Fields, matrix: SearchedMatrix): number {
  const { name, coats = [], inverted, scale, generations, usedRows } = matrix
  const parts = [
    [inverted !== undefined, INVERTED],
    [scale !== undefined, SCALE],
    [generations > 0, REDRAWN],
    [usedRows !== undefined, ROWS],
  ] as const
  const written = parts.reduce((sum, [isThere, flag]) => sum + (isThere ? flag : 0), coats.length)
  const [flags] = fields.bytes(`${name}.flags`, Uint8Array.of(written), 1)
  const further = flags & COATS
  if (further >= COAT_LIMIT) {
    throw new RangeError(`"${name}.coats" expected at most ${COAT_LIMIT} coats in all, got ${further + 1}`)
  }
  return flags
}

/** Coats, inverted weights and scale of a matrix that keeps `kept` weights, as far as its flags name them. */
export function dressFields(
  fields: Fields,
  { name, kept, coats = [], inverted = 0, scale = 1 }: SearchedMatrix,
  flags: number,
): Pick<SearchedMatrix, 'coats' | 'inverted' | 'scale'> {
  const worn: number[] = []
  for (let i = 0; i < (flags & COATS); i++) {
    worn.push(fields.integer(`${name}.coats`, coats[i] ?? 0, i === 0 ? kept : worn[i - 1]))
  }
  return {
    ...(worn.length > 0 ? { coats: worn } : {}),
    ...(flags & INVERTED ? { inverted: fields.integer(`${name}.inverted`, inverted, kept) } : {}),
    ...(flags & SCALE ? { scale: scaleOf(fields.bytes(`${name}.scale`, scaleBytes(scale), 4)) } : {}),
  }
}

function scaleBytes(scale: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, scale, true)
  return bytes
}

const scaleOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true)
