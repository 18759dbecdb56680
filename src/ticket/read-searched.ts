import { InputError } from '../safetensors/input-error.js'
import type { SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import type { OpenedTicket } from './read.js'
import { refusing } from './refusing.js'
import { generationBits, generationName, maskName, type SearchedMatrix, type SearchedMetadata } from './searched.js'
import { assertMask, assertSearchedMask, type SearchedMask, unpackGenerations } from './searched-masks.js'

/** An opened ticket of a searched GPT-2: structure and hash checked. */
export interface SearchedTicket extends OpenedTicket {
  readonly kind: SearchedMetadata['kind']
  readonly metadata: SearchedMetadata
  /** By name, in the order of the format. */
  readonly matrices: ReadonlyMap<string, SearchedMatrix>
  /** The mask of a matrix, checked against its specification. InputError when there is none of that name. */
  readMask(name: string): Promise<SearchedMask>
}

/** The part of a ticket that is of its kind. */
export function readSearched(opened: OpenedTicket, metadata: SearchedMetadata, file: SafetensorsFile): SearchedTicket {
  const matrices = new Map(metadata.matrices.map((matrix) => [matrix.name, matrix]))
  return {
    ...opened,
    kind: metadata.kind,
    metadata,
    matrices,
    async readMask(name) {
      const spec = matrices.get(name)
      if (!spec) throw new InputError(`${opened.name}: there is no matrix ${quoted(name)}`)
      const mask = await file.readTensor(maskName(name))
      const packed = spec.generations > 0 ? await file.readTensor(generationName(name)) : undefined
      return refusing(opened.name, () => {
        if (packed) assertMask(generationName(name), packed, spec.kept * generationBits(spec.generations))
        const generations = packed ? unpackGenerations(packed, spec.kept, spec.generations) : null
        const masks = { spec, mask, generations }
        assertSearchedMask(masks)
        return masks
      })
    },
  }
}
