import { type Dtype, tensorBytes } from './dtype.js'

/** A tensor to be written. */
export interface TensorPlan {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

/** Where everything goes in a safetensors file, known before any data is. */
export interface SafetensorsLayout {
  /** The 8-byte length and the JSON, padded with spaces to a multiple of 8 bytes: the file up to its data. */
  readonly header: Uint8Array
  /** Per tensor, its place counted from the start of the file, in bytes. */
  readonly tensors: ReadonlyMap<string, { readonly byteOffset: number; readonly byteLength: number }>
  /** Length of the whole file in bytes. */
  readonly size: number
}

/**
 * Plans a safetensors file: the tensors one after another in the given order, without holes.
 * `format: 'pt'` is added to the metadata, without which older Python loaders fail.
 * @param tensors names (each once), dtypes and shapes
 * @param metadata strings for `__metadata__`
 * @param headerBytes total room for the header including its 8-byte length, a multiple of 8; by default what is needed.
 *   Give the same number twice to write the same file's header again with other metadata.
 * @throws RangeError when a name repeats, a shape is impossible or the header does not fit
 */
export function planSafetensors(
  tensors: readonly TensorPlan[],
  metadata: Readonly<Record<string, string>> = {},
  headerBytes?: number,
): SafetensorsLayout {
  const entries: Record<string, unknown> = Object.create(null)
  entries.__metadata__ = { format: 'pt', ...metadata }
  const places = new Map<string, { byteOffset: number; byteLength: number }>()
  let end = 0
  for (const { name, dtype, shape } of tensors) {
    const byteLength = tensorBytes(dtype, shape)
    if (Number.isNaN(byteLength)) throw new RangeError(`tensor "${name}" has the impossible shape [${shape}]`)
    if (name in entries) throw new RangeError(`tensor name "${name}" is taken`)
    entries[name] = { dtype, shape, data_offsets: [end, end + byteLength] }
    places.set(name, { byteOffset: end, byteLength })
    end += byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(entries))
  const room = headerBytes ?? 8 + Math.ceil(json.length / 8) * 8
  if (room % 8 !== 0 || room < 8 + json.length) {
    throw new RangeError(`"headerBytes" expected a multiple of 8 >= ${8 + json.length}, got ${room}`)
  }
  const header = new Uint8Array(room).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(room - 8), true)
  header.set(json, 8)
  for (const place of places.values()) place.byteOffset += room
  return { header, tensors: places, size: room + end }
}

/**
 * A whole safetensors file in memory, for small files and tests.
 * @param tensors with their bytes (little-endian), each as long as its dtype and shape ask
 */
export function encodeSafetensors(
  tensors: readonly (TensorPlan & { readonly bytes: Uint8Array })[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const layout = planSafetensors(tensors, metadata)
  const file = new Uint8Array(layout.size)
  file.set(layout.header)
  for (const { name, bytes } of tensors) {
    const place = layout.tensors.get(name)!
    if (bytes.length !== place.byteLength) {
      throw new RangeError(`tensor "${name}" expected ${place.byteLength} bytes, got ${bytes.length}`)
    }
    file.set(bytes, place.byteOffset)
  }
  return file
}
