/** Values of a GGUF file's metadata. */

/** The types of values by their numbers in a file; an array has a number of its own. */
export const valueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const

export type ValueType = (typeof valueTypes)[number]
/** What an array may hold: arrays of arrays are in no file of llama.cpp, which cannot read them. */
export type ItemType = Exclude<ValueType, 'array'>

/** Bytes of a value in a file; of a string those of its length alone. */
export const itemBytes: Readonly<Record<ItemType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
}

/** A number of 64 bits that a JavaScript number does not hold exactly is a bigint. */
export type Item = number | bigint | boolean | string

/** A value and its type. */
export type MetadataValue =
  | { readonly type: ItemType; readonly value: Item }
  | { readonly type: 'array'; readonly of: ItemType; readonly value: readonly Item[] }

export type Metadata = ReadonlyMap<string, MetadataValue>

export const uint32 = (value: number): MetadataValue => ({ type: 'uint32', value })
export const float32 = (value: number): MetadataValue => ({ type: 'float32', value })
export const bool = (value: boolean): MetadataValue => ({ type: 'bool', value })
export const text = (value: string): MetadataValue => ({ type: 'string', value })
export const arrayOf = (of: ItemType, value: readonly Item[]): MetadataValue => ({ type: 'array', of, value })
