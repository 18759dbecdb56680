import type { Dtype } from './dtype.js'
import { littleEndian } from './integers.js'

/**
 * The numbers of a tensor as float32. F16 and BF16 widen exactly; F64 is rounded to nearest.
 * @param dtype one of F32, F16, BF16, F64; anything else is a TypeError
 * @param bytes little-endian, a multiple of the element's size
 */
export function toFloat32(dtype: Dtype, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (dtype) {
    case 'F32': {
      if (littleEndian) return new Float32Array(new Uint8Array(bytes).buffer) // a copy: aligned, also for a Buffer
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
    }
    case 'F64':
      return Float32Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true))
    case 'F16':
      return Float32Array.from({ length: bytes.length / 2 }, (_, i) => halfToNumber(view.getUint16(2 * i, true)))
    case 'BF16': {
      const bits = new Uint32Array(bytes.length / 2)
      for (let i = 0; i < bits.length; i++) bits[i] = view.getUint16(2 * i, true) << 16
      return new Float32Array(bits.buffer)
    }
    default:
      throw new TypeError(`"dtype" expected F32, F16, BF16 or F64, got ${dtype}`)
  }
}

/** Float32 numbers as little-endian bytes (a copy). */
export function float32Bytes(values: Float32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(values.slice().buffer)
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true)
  return new Uint8Array(view.buffer)
}

/** An IEEE 754 binary16, given its bits. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction
}
