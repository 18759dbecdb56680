import type { ByteSource } from './byte-source.js'
import { bytesPerElement, type Dtype, isDtype, tensorBytes } from './dtype.js'
import { FORMAT_BYTES, HEADER_LIMIT, headerLength, whyNotSafetensors } from './file-format.js'
import { InputError } from './input-error.js'
import { createMemoryBudget, type MemoryBudget } from './memory-budget.js'
import { isTooDeep, JSON_BYTES, JSON_DEPTH, parseJson, quoted } from './strict-json.js'

/** Where a tensor lies: `byteOffset` counts from the start of the file. */
export interface TensorInfo {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly byteOffset: number
  readonly byteLength: number
}

/** An opened safetensors file: header checked, data not read yet. */
export interface SafetensorsFile {
  readonly source: ByteSource
  /** The strings under `__metadata__`; empty when there are none. */
  readonly metadata: ReadonlyMap<string, string>
  /** Tensors in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** First byte after the header. */
  readonly dataOffset: number
  /** The bytes of one tensor, little-endian; InputError when there is none of that name. */
  readTensor(name: string): Promise<Uint8Array>
}

/**
 * Opens a safetensors file and checks its header: every length, offset, shape and name is taken as hostile until it fits
 * the file. The data must be covered by the tensors without overlaps or holes, as the format asks.
 * Nothing is allocated by a length that has not been checked against the size of the source.
 * @param source the file; its `name` starts each message
 * @param budget what the header may take once it is parsed; default: 4 GB
 * @throws InputError in one line, naming the file and what was wrong
 */
export async function openSafetensors(
  source: ByteSource,
  budget: MemoryBudget = createMemoryBudget(source.name),
): Promise<SafetensorsFile> {
  const refuse = (reason: string): never => {
    throw new InputError(`${source.name}: not a sound safetensors file: ${reason}`)
  }
  const prefix = await source.read(0, Math.min(FORMAT_BYTES, source.size))
  const other = whyNotSafetensors(prefix)
  if (other !== undefined) throw new InputError(`${source.name}: not a safetensors file: ${other}`)
  const length = headerLength(prefix)
  if (length > BigInt(HEADER_LIMIT)) refuse(`header length ${length} is over the limit of ${HEADER_LIMIT} bytes`)
  if (length > BigInt(source.size - 8)) {
    refuse(`header length ${length} goes past the end of the file (${source.size} bytes)`)
  }
  budget.expect(JSON_BYTES * Number(length), 'read its header')
  const header = parseHeader(await source.read(8, Number(length)), refuse)
  const dataOffset = 8 + Number(length)
  const tensors = new Map<string, TensorInfo>()
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(entry, refuse)
    else tensors.set(name, parseTensor(name, entry, dataOffset, source.size, refuse))
  }
  assertCovered(tensors, dataOffset, source.size, refuse)
  return {
    source,
    metadata,
    tensors,
    dataOffset,
    async readTensor(name) {
      const info = tensors.get(name)
      if (!info) throw new InputError(`${source.name}: there is no tensor ${quoted(name)}`)
      return source.read(info.byteOffset, info.byteLength)
    },
  }
}

type Refuse = (reason: string) => never

function parseHeader(bytes: Uint8Array, refuse: Refuse): object {
  let header: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (isTooDeep(text)) refuse(`the header has objects or lists more than ${JSON_DEPTH} deep`)
    header = parseJson(text, { uniqueKeys: true })
  } catch (error) {
    if (error instanceof InputError) throw error
    refuse(error instanceof SyntaxError ? `header: ${error.message}` : 'the header is not JSON in UTF-8')
  }
  return header as object // whyNotSafetensors has seen its brace
}

function parseMetadata(entry: unknown, refuse: Refuse): ReadonlyMap<string, string> {
  if (!isRecord(entry)) return refuse('__metadata__ is not an object')
  const metadata = new Map<string, string>()
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') return refuse(`__metadata__ ${quoted(key)} is not a string`)
    metadata.set(key, value)
  }
  return metadata
}

function parseTensor(name: string, entry: unknown, dataOffset: number, size: number, refuse: Refuse): TensorInfo {
  const label = `tensor ${quoted(name)}`
  if (!isRecord(entry)) return refuse(`${label} is not an object`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isDtype(dtype)) return refuse(`${label} has the unknown dtype ${quoted(dtype)}`)
  if (!Array.isArray(shape)) return refuse(`${label} has no shape`)
  const expected = tensorBytes(dtype, shape)
  if (Number.isNaN(expected)) return refuse(`${label} has the impossible shape ${quoted(shape)}`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isOffset)) {
    return refuse(`${label} has the impossible data_offsets ${quoted(offsets)}`)
  }
  const [begin, end] = offsets as [number, number]
  if (begin > end) return refuse(`${label} ends (${end}) before it begins (${begin})`)
  if (end > size - dataOffset) {
    return refuse(`${label} ends at byte ${end} of ${size - dataOffset} bytes of data (file truncated?)`)
  }
  if (end - begin !== expected) {
    const want = `${expected} bytes (${bytesPerElement(dtype)} an element)`
    return refuse(`${label} has ${end - begin} bytes, but ${dtype} ${quoted(shape)} takes ${want}`)
  }
  return { dtype, shape: shape as number[], byteOffset: dataOffset + begin, byteLength: end - begin }
}

/** The tensors, in order of their offsets, must tile the data exactly. */
function assertCovered(tensors: Map<string, TensorInfo>, dataOffset: number, size: number, refuse: Refuse): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength)
  let reached = dataOffset
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset < reached) refuse(`tensor ${quoted(name)} overlaps the one before it`)
    if (byteOffset > reached) refuse(`${byteOffset - reached} bytes before tensor ${quoted(name)} belong to no tensor`)
    reached += byteLength
  }
  if (reached !== size) refuse(`the last ${size - reached} bytes belong to no tensor`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOffset(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
