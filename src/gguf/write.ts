/** The header of a GGUF file of version 3, and where its tensors lie. */
import { type TensorType, tensorBytes, tensorTypes } from './tensor-type.js'
import { type Item, type ItemType, itemBytes, type Metadata, valueTypes } from './value.js'

/** The four bytes that a file begins with. */
export const GGUF_MAGIC = 'GGUF'
export const GGUF_VERSION = 3

/** Tensors begin at multiples of so many bytes unless `general.alignment` says otherwise. */
export const GGUF_ALIGNMENT = 32

/** A tensor to be written. */
export interface GgufTensorPlan {
  readonly name: string
  readonly type: TensorType
  /** As numpy has it, the length of a row last: the file lists the lengths the other way round. A row is a multiple of the type's block. */
  readonly shape: readonly number[]
}

/** A header, and what comes behind it. */
export interface GgufFileLayout {
  /** Up to the first tensor. */
  readonly header: Uint8Array
  /** Of each tensor in its order: its bytes, and the zeros behind it. */
  readonly tensors: readonly { readonly bytes: number; readonly padding: number }[]
  /** Bytes of the whole file. */
  readonly size: number
}

/** Lays out a file. */
export function planGguf(metadata: Metadata, plans: readonly GgufTensorPlan[]): GgufFileLayout {
  const writer = createWriter()
  writer.bytes(new TextEncoder().encode(GGUF_MAGIC))
  writer.item('uint32', GGUF_VERSION)
  writer.item('uint64', plans.length)
  writer.item('uint64', metadata.size)
  for (const [key, entry] of metadata) {
    writer.item('string', key)
    writer.item('uint32', valueTypes.indexOf(entry.type))
    if (entry.type !== 'array') {
      writer.item(entry.type, entry.value)
      continue
    }
    writer.item('uint32', valueTypes.indexOf(entry.of))
    writer.item('uint64', entry.value.length)
    for (const item of entry.value) writer.item(entry.of, item)
  }
  const tensors: { bytes: number; padding: number }[] = []
  let offset = 0
  for (const { name, type, shape } of plans) {
    const lengths = shape.toReversed()
    writer.item('string', name)
    writer.item('uint32', lengths.length)
    for (const length of lengths) writer.item('uint64', length)
    writer.item('uint32', tensorTypes[type].id)
    writer.item('uint64', offset)
    const rows = lengths.slice(1).reduce((product, length) => product * length, 1)
    const bytes = tensorBytes(type, lengths[0], rows)
    const padding = paddingOf(bytes)
    tensors.push({ bytes, padding })
    offset += bytes + padding
  }
  writer.bytes(new Uint8Array(paddingOf(writer.length())))
  const header = writer.joined()
  return { header, tensors, size: header.length + offset }
}

const paddingOf = (length: number): number => (GGUF_ALIGNMENT - (length % GGUF_ALIGNMENT)) % GGUF_ALIGNMENT

/** Gathers the bytes of a header, in pieces of 64 kB or more. */
function createWriter() {
  const done: Uint8Array[] = []
  let piece = new DataView(new ArrayBuffer(2 ** 16))
  let used = 0
  let total = 0
  const room = (count: number): void => {
    if (used + count <= piece.byteLength) return
    done.push(new Uint8Array(piece.buffer, 0, used))
    piece = new DataView(new ArrayBuffer(Math.max(2 ** 16, count)))
    used = 0
  }
  const bytes = (part: Uint8Array): void => {
    room(part.length)
    new Uint8Array(piece.buffer).set(part, used)
    used += part.length
    total += part.length
  }
  const item = (type: ItemType, value: Item): void => {
    if (type === 'string') {
      const part = new TextEncoder().encode(value as string)
      item('uint64', part.length)
      bytes(part)
      return
    }
    room(8)
    setters[type](piece, used, value)
    used += itemBytes[type]
    total += itemBytes[type]
  }
  return {
    bytes,
    item,
    length: () => total,
    joined() {
      const whole = new Uint8Array(total)
      let at = 0
      for (const part of [...done, new Uint8Array(piece.buffer, 0, used)]) {
        whole.set(part, at)
        at += part.length
      }
      return whole
    },
  }
}

/** Everything is little-endian. */
const setters: Readonly<Record<Exclude<ItemType, 'string'>, (view: DataView, at: number, value: Item) => void>> = {
  uint8: (view, at, value) => view.setUint8(at, Number(value)),
  int8: (view, at, value) => view.setInt8(at, Number(value)),
  uint16: (view, at, value) => view.setUint16(at, Number(value), true),
  int16: (view, at, value) => view.setInt16(at, Number(value), true),
  uint32: (view, at, value) => view.setUint32(at, Number(value), true),
  int32: (view, at, value) => view.setInt32(at, Number(value), true),
  float32: (view, at, value) => view.setFloat32(at, Number(value), true),
  bool: (view, at, value) => view.setUint8(at, value ? 1 : 0),
  uint64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  float64: (view, at, value) => view.setFloat64(at, Number(value), true),
}
