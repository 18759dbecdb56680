/** Opens GGUF files that anybody may have written. */
import {
  type ByteSource,
  createMemoryBudget,
  InputError,
  type MemoryBudget,
  quoted,
  signatureOf,
} from '../safetensors/index.js'
import { createHeaderReader, type HeaderReader } from './header-reader.js'
import { type TensorType, tensorBytes, tensorTypeName, tensorTypeOf, tensorTypes } from './tensor-type.js'
import type { Metadata, MetadataValue } from './value.js'
import { GGUF_ALIGNMENT, GGUF_MAGIC } from './write.js'

/** Where a tensor lies: `byteOffset` counts from the start of the file. */
export interface GgufTensor {
  readonly type: TensorType
  /** As numpy has it: the length of a row last. */
  readonly shape: readonly number[]
  readonly byteOffset: number
  readonly byteLength: number
}

/** An opened file: its header is checked, its tensors are not read yet. */
export interface GgufFile {
  readonly source: ByteSource
  readonly metadata: Metadata
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, GgufTensor>
}

/** Bytes of memory that an entry of metadata and a tensor of the header take at most, their texts and values apart. */
const ENTRY_BYTES = 400

/** Whether a file's first four bytes are those of GGUF. */
export const startsAsGguf = (head: Uint8Array): boolean =>
  head.length >= 4 && String.fromCharCode(...head.subarray(0, 4)) === GGUF_MAGIC

/**
 * Opens a file of version 2 or 3, and checks its header: every length, count, offset and name is taken as hostile until it fits the file. Tensors lie
 * behind the header, at multiples of the alignment, without overlaps; bytes between them and behind them are let be.
 * @param budget what the header may take in memory; default: 4 GB
 * @throws InputError in one line, naming the file and what was wrong
 */
export async function openGguf(
  source: ByteSource,
  budget: MemoryBudget = createMemoryBudget(source.name),
): Promise<GgufFile> {
  const refuse = (reason: string): never => {
    throw new InputError(`${source.name}: not a sound GGUF file: ${reason}`)
  }
  const reader = createHeaderReader(source, budget, refuse)
  await expectGguf(source, reader, refuse)
  const tensorCount = await reader.count('tensors', 8 + 4 + 4 + 8)
  const entryCount = await reader.count('entries of metadata', 8 + 4 + 1)
  reader.take(ENTRY_BYTES * (tensorCount + entryCount))
  const metadata = await readMetadata(reader, entryCount, refuse)
  const alignment = alignmentOf(metadata, refuse)
  const listed = await readTensors(reader, tensorCount, refuse)
  const dataOffset = Math.ceil(reader.position() / alignment) * alignment
  const tensors = new Map<string, GgufTensor>()
  for (const [name, { offset, byteLength, ...tensor }] of listed) {
    const label = `tensor ${quoted(name)}`
    if (offset % alignment !== 0) refuse(`${label} begins at byte ${offset}, no multiple of ${alignment}`)
    if (offset + byteLength > source.size - dataOffset) {
      const there = Math.max(0, source.size - dataOffset)
      refuse(`${label} ends at byte ${offset + byteLength} of ${there} bytes of data (file truncated?)`)
    }
    tensors.set(name, { ...tensor, byteOffset: dataOffset + offset, byteLength })
  }
  expectApart(tensors, refuse)
  return { source, metadata, tensors }
}

type Refuse = (reason: string) => never

async function expectGguf(source: ByteSource, reader: HeaderReader, refuse: Refuse): Promise<void> {
  const head = await source.read(0, Math.min(24, source.size))
  if (!startsAsGguf(head)) {
    const other = signatureOf(head)
    throw new InputError(`${source.name}: not a GGUF file${other === undefined ? '' : `: it looks like ${other}`}`)
  }
  await reader.skip(4)
  const version = await reader.number('uint32')
  if (version === 2 || version === 3) return
  const isSwapped = version === 2 * 2 ** 24 || version === 3 * 2 ** 24
  refuse(isSwapped ? 'it is big-endian, which is not supported' : `version ${version} is not supported; 2 and 3 are`)
}

async function readMetadata(reader: HeaderReader, count: number, refuse: Refuse): Promise<Metadata> {
  const metadata = new Map<string, MetadataValue>()
  for (let i = 0; i < count; i++) {
    const key = await reader.text(`the key of entry ${i}`)
    if (metadata.has(key)) refuse(`${quoted(key)} is there twice`)
    metadata.set(key, await reader.value(key))
  }
  return metadata
}

function alignmentOf(metadata: Metadata, refuse: Refuse): number {
  const found = metadata.get('general.alignment')
  if (found === undefined) return GGUF_ALIGNMENT
  const { type, value } = found
  const isPower = typeof value === 'number' && value >= 8 && value <= 2 ** 16 && Number.isInteger(Math.log2(value))
  if (type !== 'uint32' || !isPower) {
    return refuse(`general.alignment expected a power of two from 8 to 65536, got ${quoted(value)}`)
  }
  return value
}

type ListedTensor = Omit<GgufTensor, 'byteOffset'> & { readonly offset: number }

async function readTensors(reader: HeaderReader, count: number, refuse: Refuse): Promise<Map<string, ListedTensor>> {
  const tensors = new Map<string, ListedTensor>()
  for (let i = 0; i < count; i++) {
    const name = await reader.text(`the name of tensor ${i}`)
    const label = `tensor ${quoted(name)}`
    if (tensors.has(name)) refuse(`${label} is there twice`)
    const dimensions = await reader.number('uint32')
    if (dimensions < 1 || dimensions > 4) refuse(`${label} has ${dimensions} dimensions, expected 1 to 4`)
    const lengths: number[] = []
    for (let d = 0; d < dimensions; d++) lengths.push(await reader.length(`a length of ${label}`))
    const id = await reader.number('uint32')
    const type = tensorTypeOf(id)
    if (type === undefined) {
      const known = Object.keys(tensorTypes).join(', ')
      throw new InputError(
        `${reader.name}: ${label} has the type ${tensorTypeName(id)}, which is not read; what is: ${known}`,
      )
    }
    if (lengths.some((length) => length < 1)) refuse(`${label} has the shape ${shapeText(lengths)}`)
    const [row, ...others] = lengths
    const { block } = tensorTypes[type]
    if (row % block !== 0) refuse(`${label} has rows of ${row}, no multiple of the ${block} in a block of ${type}`)
    const rows = others.reduce((product, length) => product * length, 1)
    const byteLength = tensorBytes(type, row, rows)
    if (!Number.isSafeInteger(byteLength)) refuse(`${label} has the impossible shape ${shapeText(lengths)}`)
    const offset = await reader.length(`the offset of ${label}`)
    tensors.set(name, { type, shape: lengths.toReversed(), offset, byteLength })
  }
  return tensors
}

const shapeText = (lengths: readonly number[]): string => `[${lengths.join(', ')}]`

function expectApart(tensors: ReadonlyMap<string, GgufTensor>, refuse: Refuse): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset)
  let reached = 0
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset < reached) refuse(`tensor ${quoted(name)} overlaps the one before it`)
    reached = byteOffset + byteLength
  }
}
