/**
 * Numbers as the bytes of a GGUF tensor, and back. Of ggml's blocks of 32 numbers with an fp16 scale d:
 * Q8_0 (34 bytes): d, then 32 signed bytes q; a number is q d.
 * Q4_0 (18 bytes): d, then 16 bytes, byte m with number m in its low and number 16 + m in its high half; a number is (q - 8) d.
 */
import { float16Bytes, float32Bytes, toFloat32 } from '../safetensors/index.js'
import { type TensorType, tensorTypes } from './tensor-type.js'
import { isFloat16, ternaryBlocks, ternaryMagnitude, ternaryValues } from './ternary.js'

/** Types that are written. */
export type WrittenType = Exclude<TensorType, 'BF16' | 'Q4_0'>

/** Numbers of magnitude 65,520 and more round to infinity in fp16. */
const LARGEST_FLOAT16 = 65520

/**
 * Why a type cannot hold some numbers, in words; undefined where it can. TQ1_0 and TQ2_0 are asked to hold them exactly; F16 and Q8_0 round.
 * @param values of one tensor, or of a part of it whose rows are its own
 */
export function whyNotHeld(type: WrittenType, values: Float32Array): string | undefined {
  if (type === 'TQ1_0' || type === 'TQ2_0') {
    const magnitude = ternaryMagnitude(values)
    if (magnitude === undefined) return 'its numbers are not all 0, +m or -m'
    return isFloat16(magnitude) ? undefined : `its magnitude is ${magnitude}, which fp16 does not hold exactly`
  }
  const limit = { F32: Number.POSITIVE_INFINITY, F16: LARGEST_FLOAT16, Q8_0: 127 * LARGEST_FLOAT16 }[type]
  const at = values.findIndex((value) => !(Math.abs(value) < limit))
  return at < 0 ? undefined : `its value ${at} is ${values[at]}`
}

/**
 * The bytes of some rows.
 * @param values whole rows, or whole blocks of them, that {@link whyNotHeld} has nothing against
 * @returns F16 rounded to nearest, ties to even; Q8_0 as ggml rounds it (`quantize_row_q8_0_ref`): d = max |x| / 127, q the nearest to x / d
 */
export function encodeTensor(type: WrittenType, values: Float32Array): Uint8Array {
  switch (type) {
    case 'F32':
      return float32Bytes(values)
    case 'F16':
      return float16Bytes(values)
    case 'Q8_0':
      return eightBits(values)
    case 'TQ1_0':
    case 'TQ2_0':
      return ternaryBlocks(type, values, ternaryMagnitude(values)!)
  }
}

function eightBits(values: Float32Array): Uint8Array {
  const out = new Uint8Array((values.length / 32) * 34)
  const integers = new Int8Array(out.buffer)
  for (let from = 0, at = 0; from < values.length; from += 32, at += 34) {
    const block = values.subarray(from, from + 32)
    const largest = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const scale = Math.fround(largest / 127)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    out.set(float16Bytes(Float32Array.of(scale)), at)
    for (let i = 0; i < 32; i++) integers[at + 2 + i] = rounded(Math.fround(block[i] * inverse))
  }
  return out
}

/** C's roundf: halves away from zero. */
const rounded = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5)

/** The numbers of some rows as float32; F16 and BF16 widen exactly, blocks give the products of scale and integer, rounded to float32. */
export function decodeTensor(type: TensorType, bytes: Uint8Array): Float32Array {
  switch (type) {
    case 'F32':
    case 'F16':
    case 'BF16':
      return toFloat32(type, bytes)
    case 'TQ1_0':
    case 'TQ2_0':
      return ternaryValues(type, bytes)
    case 'Q8_0':
      return scaled(type, bytes, (block, i) => (block[2 + i] << 24) >> 24)
    case 'Q4_0':
      return scaled(type, bytes, (block, i) => (i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8)
  }
}

/** Blocks of 32 that begin with their scale. */
function scaled(type: 'Q8_0' | 'Q4_0', bytes: Uint8Array, integer: (block: Uint8Array, i: number) => number) {
  const size = tensorTypes[type].bytes
  const out = new Float32Array((bytes.length / size) * 32)
  for (let at = 0, to = 0; at < bytes.length; at += size, to += 32) {
    const block = bytes.subarray(at, at + size)
    const [scale] = toFloat32('F16', block.subarray(0, 2))
    for (let i = 0; i < 32; i++) out[to + i] = integer(block, i) * scale
  }
  return out
}
