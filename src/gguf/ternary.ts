/**
 * ggml's ternary blocks: 256 numbers of {-1, 0, +1} times one fp16 scale d. A number is stored as its digit, 0, 1 or 2 for -1, 0 or +1.
 *
 * TQ2_0 (66 bytes): two groups of 32 bytes; byte m of group g holds the digits of numbers 128 g + m, + 32, + 64 and + 96, two bits each, lowest
 * first. Then d.
 *
 * TQ1_0 (54 bytes): base 3, five digits a byte, the first number's digit the highest. 32 bytes hold numbers 0 to 159 (byte m: m, 32 + m, ...,
 * 128 + m), 16 bytes numbers 160 to 239 (steps of 16), 4 bytes the last 16 numbers, four a byte (steps of 4). A byte is the fraction n / 243 in units
 * of 1 / 256, rounded up, so that multiplying by 3 brings the next digit above the byte. Then d.
 */
import { float16Bytes, toFloat32 } from '../safetensors/index.js'

/** Numbers in a block of either type. */
export const TERNARY_BLOCK = 256

/** Groups of TQ1_0: from which number on, bytes, and numbers a byte. */
const groups = [
  { from: 0, bytes: 32, digits: 5 },
  { from: 160, bytes: 16, digits: 5 },
  { from: 240, bytes: 4, digits: 4 },
] as const

/**
 * The one magnitude of a ternary matrix: every number is 0, +m or -m.
 * @returns m, 0 where all numbers are; undefined where there are several magnitudes, or numbers that are not finite
 */
export function ternaryMagnitude(values: Float32Array): number | undefined {
  let magnitude = 0
  for (const value of values) {
    const size = Math.abs(value)
    if (size === 0 || size === magnitude) continue
    if (magnitude !== 0 || !Number.isFinite(size)) return undefined
    magnitude = size
  }
  return magnitude
}

/** Whether fp16 holds a number exactly. */
export const isFloat16 = (value: number): boolean =>
  Number.isFinite(value) && toFloat32('F16', float16Bytes(Float32Array.of(value)))[0] === value

/**
 * Whole blocks of a ternary matrix, without loss.
 * @param values a multiple of 256 numbers: 0, +m or -m
 * @param magnitude m, a number that fp16 holds; the scale of every block
 */
export function ternaryBlocks(type: 'TQ1_0' | 'TQ2_0', values: Float32Array, magnitude: number): Uint8Array {
  const scale = float16Bytes(Float32Array.of(magnitude))
  const bytes = type === 'TQ2_0' ? 66 : 54
  const out = new Uint8Array((values.length / TERNARY_BLOCK) * bytes)
  const pack = type === 'TQ2_0' ? packBits : packBase3
  for (let block = 0; block * TERNARY_BLOCK < values.length; block++) {
    const at = block * bytes
    pack(values.subarray(block * TERNARY_BLOCK, (block + 1) * TERNARY_BLOCK), out.subarray(at, at + bytes - 2))
    out.set(scale, at + bytes - 2)
  }
  return out
}

const digitOf = (value: number): number => 1 + Math.sign(value)

function packBits(values: Float32Array, out: Uint8Array): void {
  for (let i = 0; i < out.length; i++) {
    const first = 128 * (i >> 5) + (i & 31)
    for (let n = 0; n < 4; n++) out[i] |= digitOf(values[first + 32 * n]) << (2 * n)
  }
}

function packBase3(values: Float32Array, out: Uint8Array): void {
  let byte = 0
  for (const { from, bytes, digits } of groups) {
    for (let m = 0; m < bytes; m++) {
      let number = 0
      for (let n = 0; n < digits; n++) number = 3 * number + digitOf(values[from + n * bytes + m])
      if (digits === 4) number *= 3
      out[byte++] = Math.ceil((number * 256) / 243)
    }
  }
}

/** The numbers of whole blocks. Of TQ2_0 two bits may say 3, which stands for 2 d. */
export function ternaryValues(type: 'TQ1_0' | 'TQ2_0', bytes: Uint8Array): Float32Array {
  const size = type === 'TQ2_0' ? 66 : 54
  const out = new Float32Array((bytes.length / size) * TERNARY_BLOCK)
  const unpack = type === 'TQ2_0' ? unpackBits : unpackBase3
  for (let block = 0; block * size < bytes.length; block++) {
    const own = bytes.subarray(block * size, (block + 1) * size)
    const [scale] = toFloat32('F16', own.subarray(size - 2))
    unpack(own, scale, out.subarray(block * TERNARY_BLOCK, (block + 1) * TERNARY_BLOCK))
  }
  return out
}

function unpackBits(bytes: Uint8Array, scale: number, out: Float32Array): void {
  for (let i = 0; i < TERNARY_BLOCK / 4; i++) {
    const first = 128 * (i >> 5) + (i & 31)
    for (let n = 0; n < 4; n++) out[first + 32 * n] = (((bytes[i] >> (2 * n)) & 3) - 1) * scale
  }
}

function unpackBase3(bytes: Uint8Array, scale: number, out: Float32Array): void {
  let byte = 0
  for (const { from, bytes: count, digits } of groups) {
    for (let m = 0; m < count; m++) {
      let rest = bytes[byte++]
      for (let n = 0; n < digits; n++) {
        out[from + n * count + m] = (((rest * 3) >> 8) - 1) * scale
        rest = (rest * 3) & 255
      }
    }
  }
}
