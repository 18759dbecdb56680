import type { decodeMask, MaskShape } from '../coding/index.js'
import { packedBytes } from '../mask/packed-bits.js'
import { InputError } from '../safetensors/input-error.js'
import type { SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { recallBytes, recallMask, searchedShape } from './coding.js'
import type { MaskCoding } from './head.js'
import type { OpenedTicket } from './opened.js'
import { refusingAsync } from './refusing.js'
import { generationBits, generationName, maskName, type SearchedMatrix, type SearchedMetadata } from './searched.js'
import { assertMask, assertSearchedMask, type SearchedMask, unpackGenerations } from './searched-masks.js'

/** A mask as the file holds it, for whoever decodes it in pieces. */
export interface StoredMask {
  readonly spec: SearchedMatrix
  readonly coding: MaskCoding
  readonly bytes: Uint8Array
  readonly shape: MaskShape
}

/** An opened ticket of a searched network: structure and hash checked. */
export interface SearchedTicket extends OpenedTicket {
  readonly kind: SearchedMetadata['kind']
  readonly metadata: SearchedMetadata
  /** By name, in the order of the format. */
  readonly matrices: ReadonlyMap<string, SearchedMatrix>
  /**
   * The mask of a matrix, checked against its specification. InputError when there is none of that name, or its bytes
   * are no such mask.
   * @param decode for the coding `range`: the reference of src/coding, or a faster one with the same results
   */
  readMask(name: string, decode?: typeof decodeMask): Promise<SearchedMask>
  /** The stored bytes of a matrix' mask, unchecked. */
  readStored(name: string): Promise<StoredMask>
}

/** The part of a ticket that is of its kind. */
export function readSearched(opened: OpenedTicket, metadata: SearchedMetadata, file: SafetensorsFile): SearchedTicket {
  const matrices = new Map(metadata.matrices.map((matrix) => [matrix.name, matrix]))
  const { coding } = metadata
  const readStored = async (name: string): Promise<StoredMask> => {
    const spec = matrices.get(name)
    if (!spec) throw new InputError(`${opened.name}: there is no matrix ${quoted(name)}`)
    const bytes = await file.readTensor(maskName(name))
    return { spec, coding, bytes, shape: searchedShape(spec, opened.seed) }
  }
  return {
    ...opened,
    kind: metadata.kind,
    metadata,
    matrices,
    readStored,
    async readMask(name, decode) {
      const { spec, coding, bytes, shape } = await readStored(name)
      const { kept, generations: highest } = spec
      return refusingAsync(opened.name, maskName(name), async () => {
        const mask = await recallMask(bytes, coding, shape, decode)
        let generations: Uint8Array | null = null
        if (highest > 0) {
          const size = kept * generationBits(highest)
          const packed = await recallBytes(await file.readTensor(generationName(name)), coding, packedBytes(size))
          assertMask(generationName(name), packed, size)
          generations = unpackGenerations(packed, kept, highest)
        }
        const masks = { spec, mask, generations }
        assertSearchedMask(masks)
        return masks
      })
    },
  }
}
