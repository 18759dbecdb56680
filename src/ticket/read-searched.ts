import { decodeMask, type MaskShape } from '../coding/index.js'
import { matricesOf } from '../families/family.js'
import { hasRowPerToken } from '../families/parameter.js'
import type { RowCopies } from '../mask/index.js'
import { InputError } from '../safetensors/input-error.js'
import { quoted } from '../safetensors/strict-json.js'
import type { MaskCoding } from './head.js'
import type { OpenedTicket } from './opened.js'
import {
  copiesOf,
  type Decode,
  type MatrixPart,
  type PartValues,
  partShape,
  partsOf,
  recallParts,
  recallRows,
} from './parts.js'
import { refusingAsync } from './refusing.js'
import { maskName, type SearchedMatrix, type SearchedMetadata } from './searched.js'
import { assertSearchedMask, type SearchedMask, unpackGenerations } from './searched-masks.js'

/** A part of a matrix as the file holds it. */
export interface StoredPart extends MatrixPart {
  readonly bytes: Uint8Array
  /** Of a mask, but for what it lies within. */
  readonly shape: MaskShape
}

/** A matrix as the file holds it, for whoever decodes it in pieces. */
export interface StoredMask {
  readonly spec: SearchedMatrix
  readonly coding: MaskCoding
  /** In the order of the file: rows and mask, coats, inverted weights; generations are not among them. */
  readonly parts: readonly StoredPart[]
  /** The masks of the parts, one bit for every weight. @throws RangeError when they are unsound */
  recall(decode?: Decode): Promise<PartValues>
}

/** An opened ticket of a searched network: structure and hash checked. */
export interface SearchedTicket extends OpenedTicket {
  readonly kind: SearchedMetadata['kind']
  readonly metadata: SearchedMetadata
  /** Names of the masks that the file holds over the same random network, and of the one that this ticket is. */
  readonly masks: readonly string[]
  readonly mask: string
  /** Bytes of the tensors of the file's other masks. */
  readonly otherBytes: number
  /** By name, in the order of the format. */
  readonly matrices: ReadonlyMap<string, SearchedMatrix>
  /**
   * The mask of a matrix, checked against its specification. InputError when there is none of that name, or its bytes
   * are no such mask.
   * @param decode for the coding `range`: the reference of src/coding, or a faster one with the same results
   */
  readMask(name: string, decode?: Decode): Promise<SearchedMask>
  /** The rows of a matrix that are copies; null where none is. @throws InputError as `readMask` does */
  readCopies(name: string): Promise<RowCopies | null>
  /** The stored bytes of a matrix, unchecked. */
  readStored(name: string): Promise<StoredMask>
}

/** The part of a ticket that is of its kind. */
export function readSearched(
  opened: OpenedTicket,
  metadata: SearchedMetadata,
  {
    masks,
    mask,
    otherBytes,
    readPart,
  }: Pick<SearchedTicket, 'masks' | 'mask' | 'otherBytes'> & { readPart(name: string): Promise<Uint8Array> },
): SearchedTicket {
  const matrices = new Map(metadata.matrices.map((matrix) => [matrix.name, matrix]))
  const { coding, sharedRow } = metadata
  const tables = matricesOf(metadata.config).filter(({ role }) => sharedRow !== undefined && hasRowPerToken(role))
  const sharing = new Set(tables.map(({ name }) => name))
  const { seed } = opened
  const specOf = (name: string): SearchedMatrix => {
    const spec = matrices.get(name)
    if (!spec) throw new InputError(`${opened.name}: there is no matrix ${quoted(name)}`)
    return spec
  }
  return {
    ...opened,
    kind: metadata.kind,
    metadata,
    masks,
    mask,
    otherBytes,
    matrices,
    async readStored(name) {
      const spec = specOf(name)
      const parts: StoredPart[] = []
      for (const part of partsOf(spec)) {
        if (part.kind === 'generation') continue
        parts.push({ ...part, bytes: await readPart(part.name), shape: partShape(spec, part, seed) })
      }
      const read = new Map(parts.map((part) => [part.name, part.bytes]))
      const recall = (decode = decodeMask) =>
        recallParts({ ...spec, generations: 0 }, coding, seed, async (part) => read.get(part)!, decode)
      return { spec, coding, parts, recall }
    },
    async readMask(name, decode = decodeMask) {
      const spec = specOf(name)
      return refusingAsync(opened.name, maskName(name), async () => {
        const { rows, mask, coats, inverted, generation } = await recallParts(spec, coding, seed, readPart, decode)
        const generations = generation ? unpackGenerations(generation, spec.kept, spec.generations) : null
        const masks = { spec, mask, generations, coats, inverted }
        assertSearchedMask(masks)
        return { ...masks, copies: sharing.has(name) ? copiesOf(spec, sharedRow!, rows!) : null }
      })
    },
    async readCopies(name) {
      const spec = specOf(name)
      if (!sharing.has(name)) return null
      return refusingAsync(opened.name, `${name}.rows`, async () => {
        return copiesOf(spec, sharedRow!, (await recallRows(spec, coding, seed, readPart))!)
      })
    },
  }
}
