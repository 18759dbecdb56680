import { matricesOf } from '../families/family.js'
import { countOnes } from '../mask/packed-bits.js'
import type { Initialisation, Seed } from '../random/index.js'
import { float32Bytes } from '../safetensors/floats.js'
import { encodeSafetensors } from '../safetensors/layout.js'
import { type Deflate, searchedShape, storeBytes, storeMask } from './coding.js'
import { assertFiniteValues } from './dense-values.js'
import { hashOf } from './hash.js'
import { HASH_KEY, type MaskCoding, METADATA_KEY } from './head.js'
import { metadataText } from './metadata.js'
import {
  generationName,
  maskName,
  type SearchedDescription,
  searchedDense,
  searchedMetadataOf,
  searchedTensors,
} from './searched.js'
import { assertGenerations, assertMask, type PackedGenerations, packGenerations } from './searched-masks.js'
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
  /** Packed masks of the second coat, the third, ...; each lies within the one before, the first within `mask`. At most 14. Absent: none. */
  readonly coats?: readonly Uint8Array[] | undefined
  /** Packed mask of the kept weights whose sign is the opposite of the seed's. Absent: none. */
  readonly inverted?: Uint8Array | undefined
  /** Factor of the random weights, a finite float32 number > 0. Absent: 1. */
  readonly scale?: number | undefined
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
  /** Values of learned norms by the names of `normVectorsOf(config)`; no others. */
  readonly dense: ReadonlyMap<string, Float32Array>
}

/**
 * A searched ticket as the bytes of its file: equal content gives equal bytes, on every machine (under `deflate`, on every
 * machine with the same compressor).
 * @param deflate is needed for the coding of that name
 * @returns the bytes, and the hash that they hold
 * @throws TypeError or RangeError naming what does not fit
 */
export function encodeSearchedTicket(
  content: SearchedContent,
  createSha256: CreateSha256,
  deflate?: Deflate,
): { bytes: Uint8Array; sha256: string } {
  const { config, norms, matrices: found, dense, coding = 'bits' } = content
  const expected = matricesOf(config)
  if (found.length !== expected.length) {
    throw new RangeError(`"matrices" expected ${expected.length} for the configuration, got ${found.length}`)
  }
  const generations = new Map<string, PackedGenerations>()
  const matrices = expected.map(({ name, shape }, i) => {
    const matrix = found[i]
    const count = shape[0] * shape[1]
    if (matrix.name !== name) throw new RangeError(`matrix ${i} expected "${name}", got "${matrix.name}"`)
    assertMask(maskName(name), matrix.mask, count)
    if (matrix.generations) {
      assertGenerations(name, matrix.generations, count)
      generations.set(generationName(name), packGenerations(matrix.generations, matrix.mask))
    }
    const { stream, init, scores } = matrix
    const kept = countOnes(matrix.mask, count)
    const highest = generations.get(generationName(name))?.highest ?? 0
    return { name, shape, stream, init, kept, generations: highest, scores }
  })
  const metadata = searchedMetadataOf({ ...content, coding, seed: BigInt(content.seed).toString(), matrices })
  assertSearchedMetadata(metadata)
  assertNormValues(searchedDense(config, norms), dense)

  const stored = new Map<string, Uint8Array>()
  for (const [i, matrix] of matrices.entries()) {
    const shape = () => searchedShape(matrix, content.seed)
    stored.set(maskName(matrix.name), storeMask(found[i].mask, coding, shape, deflate))
  }
  for (const [name, { bytes }] of generations) stored.set(name, storeBytes(bytes, coding, deflate))
  const tensors = searchedTensors(matrices, metadata.dense, (name) => stored.get(name)!.length).map((plan) => {
    const values = dense.get(plan.name)
    return { ...plan, bytes: values ? float32Bytes(values) : stored.get(plan.name)! }
  })
  const text = metadataText(metadata)
  const sha256 = hashOf(createSha256, new TextEncoder().encode(text), ...tensors.map(({ bytes }) => bytes))
  return { bytes: encodeSafetensors(tensors, { [METADATA_KEY]: text, [HASH_KEY]: sha256 }), sha256 }
}

function assertNormValues(
  expected: readonly { name: string; shape: readonly number[] }[],
  dense: ReadonlyMap<string, Float32Array>,
): void {
  if (dense.size !== expected.length) {
    throw new RangeError(`"dense" expected ${expected.length} tensors, got ${dense.size}`)
  }
  for (const { name, shape } of expected) {
    const values = dense.get(name)
    if (!values) throw new RangeError(`dense tensor "${name}" is missing`)
    assertFiniteValues(name, shape, values)
  }
}
