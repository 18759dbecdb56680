/**
 * What a ticket makes its reader hold, in bytes, from its metadata and the lengths of its tensors alone: so that it is known
 * before any of it is allocated. The figures count the arrays of this package, each at its full length, and leave out what is
 * small or does not grow with the ticket (a piece of 2^21 weights in the kernels, for one).
 */
import { packedBytes } from '../mask/packed-bits.js'
import { JSON_BYTES } from '../safetensors/strict-json.js'
import { coordinateName, secondName, type TicketMetadata } from './format.js'
import type { DenseSpec } from './head.js'
import type { PairSpec } from './pair.js'
import { partsOf } from './parts.js'
import type { PrunedTicket } from './read-pruned.js'
import type { SearchedTicket } from './read-searched.js'
import { generationBits, generationName, type SearchedMatrix } from './searched.js'

/** Bytes of a tensor in the file, by its name. */
type Lengths = ReadonlyMap<string, number>

/** What of a pruned ticket says how much it asks for. */
interface PrunedSizes {
  readonly metadata: Pick<PrunedTicket['metadata'], 'pairs' | 'dense'>
  readonly storedBytes: Lengths
}

const lengthOf = (lengths: Lengths, name: string): number => lengths.get(name) ?? 0

const sumOf = <T>(items: Iterable<T>, bytesOf: (item: T) => number): number => {
  let sum = 0
  for (const item of items) sum += bytesOf(item)
  return sum
}

const largestOf = <T>(items: Iterable<T>, bytesOf: (item: T) => number): number => {
  let largest = 0
  for (const item of items) largest = Math.max(largest, bytesOf(item))
  return largest
}

/** Bytes of the stored parts of a matrix, generations left out. */
const storedPartBytes = (matrix: SearchedMatrix, lengths: Lengths): number =>
  sumOf(partsOf(matrix), ({ kind, name }) => (kind === 'generation' ? 0 : lengthOf(lengths, name)))

/** Masks of a bit for each weight: those of its parts, and the one that used rows make. */
const maskBitsBytes = (matrix: SearchedMatrix): number =>
  packedBytes(weightsOf(matrix)) * partsOf(matrix).filter(({ kind }) => kind !== 'generation').length

/** Reading the masks of a matrix: as they are stored, as bits, and the generations packed and a byte each. */
function searchedMaskBytes(matrix: SearchedMatrix, lengths: Lengths): number {
  const { name, kept, generations } = matrix
  const bits = storedPartBytes(matrix, lengths) + maskBitsBytes(matrix)
  if (generations === 0) return bits
  return bits + lengthOf(lengths, generationName(name)) + packedBytes(kept * generationBits(generations)) + kept
}

/** Reading the masks of a pair: both as they are stored, the bits, and two bytes a coordinate, once as bytes and once as numbers. */
const pairMaskBytes = ({ name, hidden, outputs }: PairSpec, lengths: Lengths): number =>
  lengthOf(lengths, secondName(name)) +
  lengthOf(lengths, coordinateName(name)) +
  packedBytes(hidden * outputs) +
  4 * hidden

const weightsOf = ({ shape }: SearchedMatrix): number => shape[0] * shape[1]

/** Both random matrices of a pair. */
const pairBytes = ({ inputs, hidden, outputs }: PairSpec): number => 4 * hidden * (inputs + outputs)

/** Metadata once it is parsed, and the header that it came in. */
export const metadataBytes = (text: string, headerBytes: number): number => JSON_BYTES * (text.length + headerBytes)

/** A tensor kept dense, as it is stored and as float32 numbers. */
const denseBytes =
  (lengths: Lengths) =>
  ({ name, shape }: DenseSpec): number =>
    lengthOf(lengths, name) + 4 * shape.reduce((product, size) => product * size, 1)

/** Reading one mask, or one tensor kept dense: whichever takes most. A tensor is read as bytes and copied as numbers. */
export function readingBytes(metadata: TicketMetadata, lengths: Lengths): number {
  const dense = largestOf(metadata.dense, denseBytes(lengths))
  const masks =
    metadata.kind === 'searched'
      ? largestOf(metadata.matrices, (matrix) => searchedMaskBytes(matrix, lengths))
      : largestOf(metadata.pairs, (pair) => pairMaskBytes(pair, lengths))
  return Math.max(dense, masks)
}

/** All weights of a searched ticket, made piece by piece: 4 bytes each, all stored masks, the dense tensors. */
export function rebuildBytes({ metadata, coding, storedBytes }: SearchedTicket): number {
  const { matrices, dense } = metadata
  const weights = 4 * sumOf(matrices, weightsOf)
  const stored = sumOf(matrices, (matrix) => storedPartBytes(matrix, storedBytes))
  // Deflated masks are inflated whole, and parts that lie within others are spread; other bits are used where they lie.
  const isWhole = (matrix: SearchedMatrix) => coding === 'deflate' || (coding === 'bits' && partsOf(matrix).length > 1)
  const inflated = sumOf(matrices.filter(isWhole), maskBitsBytes)
  // Of range-coded tables whose unused rows are left out, the bits of the used rows are held for each chunk.
  const rows = coding === 'range' ? matrices.filter(({ usedRows }) => usedRows !== undefined) : []
  const within = sumOf(rows, (matrix) => packedBytes(weightsOf(matrix)))
  const redrawn = matrices.filter(({ generations }) => generations > 0)
  const norms = sumOf(dense, denseBytes(storedBytes)) + within
  return weights + stored + inflated + norms + largestOf(redrawn, (matrix) => searchedMaskBytes(matrix, storedBytes))
}

/** All masks and generations of a searched ticket at once, generations a byte a weight, and as they are written again. */
export const contentBytes = ({ metadata, storedBytes }: SearchedTicket): number =>
  sumOf(metadata.matrices, (matrix) => {
    const all = matrix.generations > 0 ? 2 * weightsOf(matrix) : 0
    return 2 * searchedMaskBytes(matrix, storedBytes) + all
  })

/** All masks of a pruned ticket at once, as they are read and as they are written again. */
export const pairContentBytes = ({ metadata, storedBytes }: PrunedTicket): number =>
  2 * sumOf(metadata.pairs, (pair) => pairMaskBytes(pair, storedBytes))

/**
 * The random matrices of a pruned ticket.
 * @param kept bytes of matrices that are kept once they are made: `Infinity` for all of them
 * @returns what is kept, twice the largest pair, which the kernels make beside its copy, and the dense tensors
 */
export function pairsBytes({ metadata, storedBytes }: PrunedSizes, kept: number): number {
  const { pairs, dense } = metadata
  const largest = largestOf(pairs, (pair) => 2 * pairBytes(pair) + pairMaskBytes(pair, storedBytes))
  return Math.min(kept, sumOf(pairs, pairBytes)) + largest + 2 * sumOf(dense, ({ name }) => lengthOf(storedBytes, name))
}

/** The matrices that pairs stand for, in float64, one after another, each beside its pair's masks. */
export const productBytes = ({ metadata, storedBytes }: PrunedSizes): number =>
  largestOf(metadata.pairs, (pair) => 16 * pair.inputs * pair.outputs + pairMaskBytes(pair, storedBytes))

/**
 * The most that a pruned ticket will ask for when it is run or held against its target, before there is one: masks are counted as long as without
 * a coding.
 * @param kept see {@link pairsBytes}
 * @param length tokens of the longest text, T
 */
export function plannedBytes(metadata: PrunedSizes['metadata'], kept: number, length: number): number {
  const { pairs, dense } = metadata
  const storedBytes = new Map([
    ...pairs.flatMap(({ name, hidden, outputs }): [string, number][] => [
      [secondName(name), packedBytes(hidden * outputs)],
      [coordinateName(name), 2 * hidden],
    ]),
    ...dense.map(({ name, shape }) => [name, 4 * shape.reduce((product, size) => product * size, 1)] as const),
  ])
  const planned = { metadata, storedBytes }
  return Math.max(pairsBytes(planned, kept) + hiddenBytes(metadata, length), productBytes(planned))
}

/** A text's hidden units of the widest pair, float32. */
export const hiddenBytes = ({ pairs }: Pick<PrunedSizes['metadata'], 'pairs'>, length: number): number =>
  4 * largestOf(pairs, ({ hidden }) => hidden) * length

/** Rows and columns of a mask counted, sorted, and put into the cells of a picture: uint32 each. */
const linesBytes = (rows: number, columns: number): number => 12 * (rows + columns)

/** Inspecting a ticket, mask by mask. */
export function inspectionBytes({ metadata, storedBytes }: SearchedTicket | PrunedTicket): number {
  if (metadata.kind !== 'searched') {
    return largestOf(metadata.pairs, (pair) => pairMaskBytes(pair, storedBytes) + linesBytes(pair.hidden, pair.outputs))
  }
  return largestOf(metadata.matrices, (matrix) => {
    return searchedMaskBytes(matrix, storedBytes) + linesBytes(...matrix.shape)
  })
}
