/**
 * Float32 numbers as IEEE 754 binary16, rounded to nearest, ties to even.
 * @returns little-endian bytes, 2 a number; numbers of magnitude >= 65520 become infinities
 */
export function float16Bytes(values: Float32Array): Uint8Array {
  return narrowed(values, (bits) => {
    const sign = (bits >>> 16) & 0x8000
    const magnitude = bits & 0x7fffffff
    if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
    if (magnitude >= 0x477ff000) return sign | 0x7c00 // 65520 and above
    if (magnitude >= 0x38800000) return sign | roundOff(magnitude - (112 << 23), 13) // 2^-14 and above; 112 = 127 - 15
    if (magnitude < 0x33000000) return sign // below 2^-25, half the least subnormal
    const exponent = magnitude >>> 23
    return sign | roundOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent)
  })
}

/**
 * Float32 numbers as bfloat16, rounded to nearest, ties to even.
 * @returns little-endian bytes, 2 a number; numbers of magnitude >= 2^128 (1 - 2^-9) become infinities
 */
export function bfloat16Bytes(values: Float32Array): Uint8Array {
  return narrowed(values, (bits) => {
    const sign = (bits >>> 16) & 0x8000
    const magnitude = bits & 0x7fffffff
    return sign | (magnitude > 0x7f800000 ? 0x7fc0 : roundOff(magnitude, 16))
  })
}

/** Drops the last `count` bits (1 to 24), rounded to nearest, ties to even. */
function roundOff(bits: number, count: number): number {
  const kept = bits >>> count
  const rest = bits - kept * 2 ** count
  const half = 2 ** (count - 1)
  return kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0)
}

function narrowed(values: Float32Array, narrow: (bits: number) => number): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const view = new DataView(new ArrayBuffer(2 * values.length))
  for (let i = 0; i < bits.length; i++) view.setUint16(2 * i, narrow(bits[i]), true)
  return new Uint8Array(view.buffer)
}
