/** A packed ticket as it is opened: from JSON and index to the metadata of one of its mask sets, and where everything lies. */
import { matricesOf } from '../families/family.js'
import { type Dtype, tensorBytes } from '../safetensors/dtype.js'
import type { SafetensorsFile } from '../safetensors/open.js'
import { JSON_BYTES, quoted } from '../safetensors/strict-json.js'
import { GENERATOR } from './head.js'
import type { Place } from './opened.js'
import { decodeIndex, ENTRY_BYTES, type IndexEntry } from './packed-index.js'
import { type PackedHead, type PackedMask, packedNames, parsePacked } from './packed-metadata.js'
import { partRange, partsOf } from './parts.js'
import { refusing } from './refusing.js'
import { type SearchedMetadata, searchedDense } from './searched.js'
import { assertSearchedMetadata } from './searched-metadata.js'

/** A mask set of a packed ticket. */
export interface PackedTicket {
  readonly metadata: SearchedMetadata
  /** Names of all sets, and of this one. */
  readonly masks: readonly string[]
  readonly mask: string
  /** Of each part of a matrix by `partsOf`, and of each dense tensor by its parameter. */
  readonly places: ReadonlyMap<string, Place>
  /** Bytes of the tensors of all other sets. */
  readonly otherBytes: number
}

/** Bytes that an index takes once it is parsed, for each of its bytes: an entry of some five bytes is an object of strings and numbers. */
const INDEX_BYTES = 3 * JSON_BYTES

/**
 * Reads JSON and index of a packed ticket and checks both, and that the file has the tensors that they ask for and no others.
 * @param value the parsed JSON, version and generator checked
 * @param asked name of the mask set; default: the first
 * @throws InputError in one line, naming the file and what is wrong
 */
export async function readPacked(
  file: SafetensorsFile,
  value: Record<string, unknown>,
  asked: string | undefined,
  expect: (bytes: number, what: string) => void,
): Promise<PackedTicket> {
  const { name } = file.source
  const { head, own, tensor } = refusing(name, () => {
    const largest = [...file.tensors.values()].reduce((most, { byteLength }) => Math.max(most, byteLength), 0)
    const parsed = parsePacked(value, largest)
    const found = asked === undefined ? parsed.masks[0] : parsed.masks.find((mask) => mask.name === asked)
    if (!found) {
      throw new RangeError(`"mask" expected ${parsed.masks.map((mask) => mask.name).join(', ')}, got ${quoted(asked)}`)
    }
    assertTensors(file, parsed)
    return { head: parsed, own: found, tensor: file.tensors.get(packedNames(found.name).masks)! }
  })
  const shapes = matricesOf(head.config)
  const most = Math.min(tensor.byteLength, ENTRY_BYTES * shapes.length)
  expect(INDEX_BYTES * most, 'read its index')
  const bytes = await file.source.read(tensor.byteOffset, most)
  return refusing(name, () => {
    const known = shapes.map(({ name: matrix, shape }, i) => {
      return { name: matrix, shape, stream: head.streams[i], scores: head.scores[i] }
    })
    const { entries, size } = decodeIndex(bytes, known, head.initialisations)
    const metadata = metadataOf(head, own, entries)
    assertSearchedMetadata(metadata)
    const places = densePlaces(file, metadata, own)
    let at = tensor.byteOffset + size
    const end = tensor.byteOffset + tensor.byteLength
    for (const { matrix, lengths } of entries) {
      assertLengths(metadata, matrix, lengths)
      for (const [part, byteLength] of lengths) {
        places.set(part, { dtype: 'U8', byteOffset: at, byteLength })
        at += byteLength
      }
    }
    if (at !== end)
      throw new RangeError(
        `"${packedNames(own.name).masks}" expected ${at - tensor.byteOffset} bytes, got ${tensor.byteLength}`,
      )
    const { gains, masks } = packedNames(own.name)
    const others = [...file.tensors].filter(([of]) => of !== gains && of !== masks)
    const otherBytes = others.reduce((sum, [, { byteLength }]) => sum + byteLength, 0)
    return { metadata, masks: head.masks.map((mask) => mask.name), mask: own.name, places, otherBytes }
  })
}

function metadataOf(
  head: PackedHead,
  { norms, sharedRow, search, probe }: PackedMask,
  entries: readonly IndexEntry[],
): SearchedMetadata {
  const { seed, coding, config, tokenizer } = head
  const matrices = entries.map(({ matrix }) => matrix)
  const dense = searchedDense(config, norms)
  return {
    version: '4',
    generator: GENERATOR,
    seed,
    kind: 'searched',
    coding,
    config,
    norms,
    tokenizer,
    ...(sharedRow === undefined ? {} : { sharedRow }),
    matrices,
    dense,
    search,
    probe,
  }
}

/** What gains are stored in: numbers that fp16 holds where there are no shifts. */
export const gainsDtype = (norms: PackedMask['norms']): 'F16' | 'F32' => (norms === 'gains' ? 'F16' : 'F32')

/** The mask sets that have gains, in the order of their tensors: those in float32 come first, so that all are aligned. */
export const withGains = <T extends Pick<PackedMask, 'norms'>>(masks: readonly T[]): T[] => [
  ...masks.filter(({ norms }) => norms === 'learned'),
  ...masks.filter(({ norms }) => norms === 'gains'),
]

/** Numbers of a gains tensor. */
export const gainCount = (config: SearchedMetadata['config'], norms: PackedMask['norms']): number =>
  searchedDense(config, norms).reduce((sum, { shape }) => sum + shape[0], 0)

/** The tensors of the file are gains and masks of its mask sets, in that order, and nothing else. */
function assertTensors(file: SafetensorsFile, { config, masks }: PackedHead): void {
  const gains = withGains(masks).map(({ name, norms }): [string, Dtype, number | null] => {
    return [packedNames(name).gains, gainsDtype(norms), gainCount(config, norms)]
  })
  const planned = [...gains, ...masks.map(({ name }): [string, Dtype, null] => [packedNames(name).masks, 'U8', null])]
  if (file.tensors.size !== planned.length) {
    throw new RangeError(`expected ${planned.length} tensors, got ${file.tensors.size}`)
  }
  let reached = file.dataOffset
  for (const [name, dtype, count] of planned) {
    const info = file.tensors.get(name)
    if (!info) throw new RangeError(`tensor ${quoted(name)} is missing`)
    if (info.dtype !== dtype || info.shape.length !== 1 || (count !== null && info.shape[0] !== count)) {
      throw new RangeError(
        `tensor ${quoted(name)} expected ${dtype} [${count ?? 'any'}], got ${info.dtype} ${quoted(info.shape)}`,
      )
    }
    if (info.byteOffset !== reached) throw new RangeError(`tensor ${quoted(name)} is out of order`)
    reached += info.byteLength
  }
}

function densePlaces(
  file: SafetensorsFile,
  { dense, norms }: SearchedMetadata,
  { name }: PackedMask,
): Map<string, Place> {
  const places = new Map<string, Place>()
  if (dense.length === 0) return places
  const dtype = gainsDtype(norms)
  let at = file.tensors.get(packedNames(name).gains)!.byteOffset
  for (const { name: parameter, shape } of dense) {
    const byteLength = tensorBytes(dtype, shape)
    places.set(parameter, { dtype, byteOffset: at, byteLength })
    at += byteLength
  }
  return places
}

/** Throws where a part is longer or shorter than its coding can make it. */
function assertLengths(
  { coding }: SearchedMetadata,
  matrix: IndexEntry['matrix'],
  lengths: IndexEntry['lengths'],
): void {
  for (const part of partsOf(matrix)) {
    const { least, most } = partRange(matrix, part, coding)
    const length = lengths.get(part.name)!
    if (length < least || length > most) {
      const range = least === most ? `${least}` : `${least} to ${most}`
      throw new RangeError(`"${part.name}" expected ${range} bytes, got ${length}`)
    }
  }
}
