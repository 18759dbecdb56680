import { matricesOf } from '../families/family.js'
import { hasRowPerToken, type MatrixParameter } from '../families/parameter.js'
import { countOnes, liesWithin, rowBits, usedRows } from '../mask/index.js'
import type { Initialisation, Seed } from '../random/index.js'
import { float16Bytes, float32Bytes, toFloat32 } from '../safetensors/index.js'
import { encodeSafetensors } from '../safetensors/layout.js'
import type { Deflate } from './coding.js'
import { assertFiniteValues } from './dense-values.js'
import { hashOf } from './hash.js'
import { HASH_KEY, type MaskCoding, METADATA_KEY } from './head.js'
import { metadataText } from './metadata.js'
import { DEFAULT_MASK } from './packed-metadata.js'
import { encodePacked, type StoredMasks } from './packed-write.js'
import { copiesOf, type PartValues, storeParts } from './parts.js'
import {
  maskName,
  type SearchedDescription,
  type SearchedMatrix,
  searchedDense,
  searchedMetadataOf,
  searchedTensors,
} from './searched.js'
import { assertGenerations, assertMask, assertNested, packGenerations } from './searched-masks.js'
import { assertSearchedMetadata } from './searched-metadata.js'
import type { CreateSha256 } from './sha256.js'

/** What a search found in one matrix. */
export interface FoundMatrix {
  readonly name: string
  /** Of generation 0. */
  readonly stream: number
  readonly init: Initialisation
  /** Packed bits [in * out], least significant first. */
  readonly mask: Uint8Array
  /** The generation of every weight, kept or not: uint8 [in * out]; absent where none was redrawn. */
  readonly generations?: Uint8Array | undefined
  /** Packed masks of the second coat, the third, and so on: at most 14, each within the one before it, the first of them within `mask`. */
  readonly coats?: readonly Uint8Array[] | undefined
  /** Packed mask of the kept weights whose sign is the opposite of the seed's; it lies within `mask`. */
  readonly inverted?: Uint8Array | undefined
  /** Factor of every weight, finite and > 0, a float32 number; default 1. */
  readonly scale?: number | undefined
  /**
   * Packed bits, one a row: the rows that have weights of their own, where the content has a `sharedRow` and the matrix a row for each token; absent
   * elsewhere.
   */
  readonly rows?: Uint8Array | undefined
  /** The stream of the scores that the search started from, if it is known: range coding pays by it. */
  readonly scores?: number | null | undefined
}

/** Everything that a searched ticket holds. */
export interface SearchedContent extends Omit<SearchedDescription, 'seed' | 'matrices' | 'coding'> {
  readonly seed: Seed
  /** How masks are stored; default `bits`. */
  readonly coding?: MaskCoding | undefined
  /** Those of `matricesOf(config)`, in that order. */
  readonly matrices: readonly FoundMatrix[]
  /** Values of learned norms by the names of `normVectorsOf(config, norms)`; no others. With the norms `gains` they are numbers that fp16 holds. */
  readonly dense: ReadonlyMap<string, Float32Array>
  /** What these masks are called in a file of several. Default `default`. */
  readonly maskName?: string | undefined
}

/** A searched ticket as the bytes of its file, and the hash that they hold. */
export interface EncodedTicket {
  readonly bytes: Uint8Array
  readonly sha256: string
}

/**
 * A searched ticket as the bytes of its file: equal content gives equal bytes, on every machine (under `deflate`, on every
 * machine with the same compressor).
 * @param deflate is needed for the coding of that name
 * @throws TypeError or RangeError naming what does not fit
 */
export const encodeSearchedTicket = (
  content: SearchedContent,
  createSha256: CreateSha256,
  deflate?: Deflate,
): EncodedTicket => encodeMasks([content], createSha256, deflate)

/**
 * Several masks of one random network as the bytes of one file; `openTicket` opens the first unless it is asked for another.
 * @param contents of the same seed, configuration, tokenizer, coding, and streams of weights and scores; names are all different. More than one
 *   need the layout `packed`
 * @throws TypeError or RangeError naming what does not fit
 */
export function encodeMasks(
  contents: readonly SearchedContent[],
  createSha256: CreateSha256,
  deflate?: Deflate,
): EncodedTicket {
  if (contents.length > 1 && contents.some(({ layout }) => layout === 'separate')) {
    throw new RangeError('"layout" expected packed for several masks, got separate')
  }
  const sets = contents.map((content) => storedMasks(content, deflate))
  const { text, tensors } =
    sets.length === 1 && sets[0].metadata.version !== '4' ? separateFile(sets[0]) : encodePacked(sets)
  const sha256 = hashOf(createSha256, new TextEncoder().encode(text), ...tensors.map(({ bytes }) => bytes))
  return { bytes: encodeSafetensors(tensors, { [METADATA_KEY]: text, [HASH_KEY]: sha256 }), sha256 }
}

function storedMasks(content: SearchedContent, deflate: Deflate | undefined): StoredMasks {
  const { config, norms, matrices: found, dense, coding = 'bits', layout = 'packed', maskName: name } = content
  const { sharedRow } = content
  const expected = matricesOf(config)
  if (found.length !== expected.length) {
    throw new RangeError(`"matrices" expected ${expected.length} for the configuration, got ${found.length}`)
  }
  const values = expected.map((spec, i) => valuesOf(found[i], i, spec, sharedRow))
  const isAdded = norms === 'gains' || sharedRow !== undefined
  if (layout === 'separate' && (isAdded || values.some(({ matrix }) => isDressed(matrix)))) {
    throw new RangeError(
      '"layout" expected packed for coats, inverted weights, scales, a shared row or gains without shifts, got separate',
    )
  }
  const specs = values.map(({ matrix }) => matrix)
  const description = { ...content, coding, seed: BigInt(content.seed).toString() }
  assertSearchedMetadata(searchedMetadataOf({ ...description, matrices: specs }))
  const stored = values.map((one) =>
    shortest(one, (matrix, of) => storeParts(matrix, of, coding, content.seed, deflate), layout),
  )
  const metadata = searchedMetadataOf({ ...description, matrices: stored.map(({ matrix }) => matrix) })
  return {
    name: name ?? DEFAULT_MASK,
    metadata,
    parts: new Map(stored.flatMap(({ parts }) => [...parts])),
    dense: denseBytes(searchedDense(config, norms), dense, norms === 'gains'),
  }
}

/** A matrix as a ticket has it, and its masks. */
interface MatrixValues {
  readonly matrix: SearchedMatrix
  readonly values: PartValues
}

/** Checks what was found in a matrix. */
function valuesOf(
  found: FoundMatrix,
  index: number,
  { name, shape, role }: Pick<MatrixParameter, 'name' | 'shape' | 'role'>,
  sharedRow: number | undefined,
): MatrixValues {
  const count = shape[0] * shape[1]
  if (found.name !== name) throw new RangeError(`matrix ${index} expected "${name}", got "${found.name}"`)
  const { stream, init, scores, mask, scale } = found
  assertMask(maskName(name), mask, count)
  assertNested(name, { mask, coats: found.coats ?? [], inverted: found.inverted ?? null }, count)
  // A coat that no weight wears and an inverted mask without ones say nothing.
  const all = (found.coats ?? []).map((coat) => ({ coat, ones: countOnes(coat, count) }))
  const coats = all.filter(({ ones }) => ones > 0)
  const inverted = found.inverted ? countOnes(found.inverted, count) : 0
  const isSharing = sharedRow !== undefined && hasRowPerToken(role)
  if (found.rows && !isSharing) throw new RangeError(`"${name}.rows" expected none where no row is shared`)
  const rows = isSharing ? listedRows(found, shape, sharedRow) : undefined
  const values = { rows, mask, coats: coats.map(({ coat }) => coat), inverted: inverted > 0 ? found.inverted! : null }
  const matrix = {
    ...{ name, shape, stream, init, scores, kept: countOnes(mask, count) },
    coats: coats.map(({ ones }) => ones),
    ...(inverted > 0 ? { inverted } : {}),
    ...(scale === undefined || scale === 1 ? {} : { scale }),
    ...(rows === undefined ? {} : { usedRows: countOnes(rows) }),
  }
  if (!found.generations) return { matrix: { ...matrix, generations: 0 }, values }
  assertGenerations(name, found.generations, count)
  const { highest, bytes } = packGenerations(found.generations, mask)
  return { matrix: { ...matrix, generations: highest }, values: { ...values, generation: bytes } }
}

/** The rows of a matrix that are no copies, checked. */
function listedRows({ name, rows, mask }: FoundMatrix, shape: SearchedMatrix['shape'], sharedRow: number): Uint8Array {
  if (rows === undefined) throw new TypeError(`"${name}.rows" expected a list of rows beside a shared one, got none`)
  assertMask(`${name}.rows`, rows, shape[0])
  copiesOf({ name, shape }, sharedRow, rows)
  if (!liesWithin(mask, rowBits(rows, shape[1], 0, shape[0] * shape[1]))) {
    throw new RangeError(`"${name}.mask" expected weights of its listed rows alone, got others`)
  }
  return rows
}

const isDressed = ({ coats = [], inverted, scale }: SearchedMatrix): boolean =>
  coats.length > 0 || inverted !== undefined || scale !== undefined

/** The parts of a matrix, rows in which nothing is kept left out where that makes them shorter. */
function shortest(
  { matrix, values }: MatrixValues,
  store: (matrix: SearchedMatrix, values: PartValues) => Map<string, Uint8Array>,
  layout: SearchedContent['layout'],
): { matrix: SearchedMatrix; parts: Map<string, Uint8Array> } {
  const [count, columns] = matrix.shape
  const whole = { matrix, parts: store(matrix, values) }
  if (layout === 'separate' || values.rows) return whole // a list that is given is kept
  const rows = usedRows(values.mask, count, columns)
  const used = countOnes(rows)
  if (used === count) return whole
  const own = { ...matrix, usedRows: used }
  const listed = { matrix: own, parts: store(own, { ...values, rows }) }
  const bytesOf = ({ parts }: typeof whole) => [...parts.values()].reduce((sum, { length }) => sum + length, 0)
  return bytesOf(listed) + 4 < bytesOf(whole) ? listed : whole // 4: two more numbers in the index
}

function separateFile({ metadata, parts, dense }: StoredMasks) {
  const tensors = searchedTensors(metadata.matrices, metadata.dense, (name) => parts.get(name)!.length)
  return {
    text: metadataText(metadata),
    tensors: tensors.map((plan) => ({ ...plan, bytes: dense.get(plan.name) ?? parts.get(plan.name)! })),
  }
}

function denseBytes(
  expected: readonly { readonly name: string; readonly shape: readonly number[] }[],
  dense: ReadonlyMap<string, Float32Array>,
  isHalf: boolean,
): Map<string, Uint8Array> {
  if (dense.size !== expected.length) {
    throw new RangeError(`"dense" expected ${expected.length} tensors, got ${dense.size}`)
  }
  const stored = new Map<string, Uint8Array>()
  for (const { name, shape } of expected) {
    const values = dense.get(name)
    if (!values) throw new RangeError(`dense tensor "${name}" is missing`)
    assertFiniteValues(name, shape, values)
    stored.set(name, isHalf ? halfBytes(name, values) : float32Bytes(values))
  }
  return stored
}

/** @throws RangeError unless all are numbers that fp16 holds */
function halfBytes(name: string, values: Float32Array): Uint8Array {
  const bytes = float16Bytes(values)
  const bad = toFloat32('F16', bytes).findIndex((value, i) => !Object.is(value, values[i]))
  if (bad >= 0) throw new RangeError(`"${name}" expected numbers that fp16 holds, got ${values[bad]} at ${bad}`)
  return bytes
}
