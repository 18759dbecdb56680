/** Bits of one element, for every element type that the safetensors format names and that fills whole bytes. */
const bitsOf = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  U16: 16,
  I16: 16,
  F16: 16,
  BF16: 16,
  U32: 32,
  I32: 32,
  F32: 32,
  U64: 64,
  I64: 64,
  F64: 64,
  C64: 64,
} as const

/** An element type of the safetensors format. */
export type Dtype = keyof typeof bitsOf

/** Whether a value names an element type. */
export function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(bitsOf, value)
}

/** Bytes of one element. */
export function bytesPerElement(dtype: Dtype): number {
  return bitsOf[dtype] / 8
}

/**
 * Bytes of a tensor, or NaN when the shape is not made of integers >= 0 or the product leaves the safe integers.
 * A zero anywhere makes the tensor empty, but the other dimensions must be sound all the same.
 */
export function tensorBytes(dtype: Dtype, shape: readonly unknown[]): number {
  let product = bytesPerElement(dtype)
  let empty = false
  for (const dimension of shape) {
    if (typeof dimension !== 'number' || !Number.isSafeInteger(dimension) || dimension < 0) return Number.NaN
    if (dimension === 0) empty = true
    else product *= dimension
    if (product > Number.MAX_SAFE_INTEGER) return Number.NaN
  }
  return empty ? 0 : product
}
