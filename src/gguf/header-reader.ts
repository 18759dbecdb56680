/** Reads the fields of a GGUF header one after another, in windows of the file. */
import { type ByteSource, type MemoryBudget, quoted } from '../safetensors/index.js'
import { type Item, type ItemType, itemBytes, type MetadataValue, valueTypes } from './value.js'

/** A place in a header that moves on with each field. Each method refuses what does not fit the file. */
export interface HeaderReader {
  /** Of the file. */
  readonly name: string
  /** Bytes from the start of the file. */
  position(): number
  /** Asks the budget for memory. */
  take(bytes: number): void
  skip(bytes: number): Promise<void>
  number(type: 'uint32'): Promise<number>
  /** A uint64 that is a safe integer. @param what it is, for messages */
  length(what: string): Promise<number>
  /** How many there are of something, of which the file has room for each. @param least bytes of one */
  count(what: string, least: number): Promise<number>
  text(what: string): Promise<string>
  value(key: string): Promise<MetadataValue>
}

/** Bytes that are read at a time. */
const WINDOW = 2 ** 20

/** Bytes of memory of a text beside its characters, and of another item of an array. */
const TEXT_BYTES = 64
const ITEM_BYTES = 16

/** A name or a key is longer in no file: llama.cpp allows 64 characters. */
const LONGEST_NAME = 2 ** 16

/** Of a value: whole files of tokenizers are found in some, of up to 30 MB. */
const LONGEST_TEXT = 2 ** 27

export function createHeaderReader(
  source: ByteSource,
  budget: MemoryBudget,
  refuse: (reason: string) => never,
): HeaderReader {
  let at = 0
  let windowStart = 0
  let window: DataView = new DataView(new ArrayBuffer(0))
  let taken = 0
  const take = (bytes: number): void => {
    taken += bytes
    budget.expect(taken, 'read its header')
  }
  const left = () => source.size - at
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  /** Makes `bytes` bytes from the present place on readable at the index that is returned. */
  const reach = async (bytes: number, what: string): Promise<number> => {
    if (bytes > left()) refuse(`${what} goes past the end of the file (${source.size} bytes)`)
    if (at + bytes > windowStart + window.byteLength) {
      const read = await source.read(at, Math.min(Math.max(bytes, WINDOW), left()))
      window = new DataView(read.buffer, read.byteOffset, read.length)
      windowStart = at
    }
    const index = at - windowStart
    at += bytes
    return index
  }
  const getters: Readonly<Record<Exclude<ItemType, 'string'>, (index: number) => Item>> = {
    uint8: (index) => window.getUint8(index),
    int8: (index) => window.getInt8(index),
    uint16: (index) => window.getUint16(index, true),
    int16: (index) => window.getInt16(index, true),
    uint32: (index) => window.getUint32(index, true),
    int32: (index) => window.getInt32(index, true),
    float32: (index) => window.getFloat32(index, true),
    bool: (index) => window.getUint8(index) !== 0,
    uint64: (index) => numberOf(window.getBigUint64(index, true)),
    int64: (index) => numberOf(window.getBigInt64(index, true)),
    float64: (index) => window.getFloat64(index, true),
  }
  const item = async (type: ItemType, what: string): Promise<Item> =>
    type === 'string' ? text(what, LONGEST_TEXT) : getters[type](await reach(itemBytes[type], what))

  const length = async (what: string): Promise<number> => {
    const found = await item('uint64', what)
    if (typeof found === 'bigint') return refuse(`${what} is ${found}`)
    return found as number
  }
  const count = async (what: string, least: number): Promise<number> => {
    const found = await item('uint64', `the number of ${what}`)
    if (Number(found) * least > left()) {
      refuse(`${found} ${what} do not fit into the ${left()} bytes that are left`)
    }
    return Number(found)
  }
  async function text(what: string, longest = LONGEST_NAME): Promise<string> {
    const size = await length(`the length of ${what}`)
    if (size > left()) refuse(`${what} has ${size} bytes, more than the ${left()} that are left`)
    if (size > longest) refuse(`${what} has ${size} bytes`)
    take(TEXT_BYTES + 2 * size)
    const index = await reach(size, what)
    try {
      return utf8.decode(new Uint8Array(window.buffer, window.byteOffset + index, size))
    } catch {
      return refuse(`${what} is no text in UTF-8`)
    }
  }
  const typeOf = async (key: string) => {
    const id = Number(await item('uint32', `the type of ${quoted(key)}`))
    return valueTypes[id] ?? refuse(`${quoted(key)} has the type ${id}`)
  }
  return {
    name: source.name,
    position: () => at,
    take,
    skip: async (bytes) => void (await reach(bytes, 'the header')),
    number: async (type) => Number(await item(type, 'the header')),
    length,
    count,
    text: (what) => text(what),
    async value(key) {
      const type = await typeOf(key)
      if (type !== 'array') return { type, value: await item(type, quoted(key)) }
      const of = await typeOf(key)
      if (of === 'array') return refuse(`${quoted(key)} is an array of arrays, which is not supported`)
      const size = await count(`items of ${quoted(key)}`, itemBytes[of])
      take(ITEM_BYTES * size)
      const value: Item[] = []
      for (let i = 0; i < size; i++) value.push(await item(of, `item ${i} of ${quoted(key)}`))
      return { type, of, value }
    },
  }
}

/** Where a JavaScript number holds it exactly. */
const numberOf = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
