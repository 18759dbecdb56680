/** Element types of the tensors of a GGUF file: ggml's types by their names and numbers. */

/** A type that is read here. Its elements lie in blocks along a row; blocks do not cross rows. */
export interface TensorTypeInfo {
  /** The number that stands for it in a file (`enum ggml_type`). */
  readonly id: number
  /** Elements of a block; a row has a multiple of them. */
  readonly block: number
  /** Bytes of a block. */
  readonly bytes: number
}

/** What is read: numbers, and blocks of small integers with an fp16 scale. See `blocks.ts` and `ternary.ts` for the blocks. */
export const tensorTypes = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  BF16: { id: 30, block: 1, bytes: 2 },
  TQ1_0: { id: 34, block: 256, bytes: 54 },
  TQ2_0: { id: 35, block: 256, bytes: 66 },
} as const satisfies Record<string, TensorTypeInfo>

export type TensorType = keyof typeof tensorTypes

/** Names of the types that are not read, for messages. Numbers that are missing belonged to types that were removed from ggml. */
const otherTypes: Readonly<Record<number, string>> = {
  3: 'Q4_1',
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
}

const byId: ReadonlyMap<number, TensorType> = new Map(
  Object.entries(tensorTypes).map(([name, { id }]) => [id, name as TensorType]),
)

/** The type of a number; undefined for one that is not read. */
export const tensorTypeOf = (id: number): TensorType | undefined => byId.get(id)

/** What to call a type by its number: `Q4_K`, or `number 99`. */
export const tensorTypeName = (id: number): string => byId.get(id) ?? otherTypes[id] ?? `number ${id}`

/** Bytes of a tensor. @param rowLength a multiple of the type's block */
export function tensorBytes(type: TensorType, rowLength: number, rows: number): number {
  const { block, bytes } = tensorTypes[type]
  return (rowLength / block) * bytes * rows
}
