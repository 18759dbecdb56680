import { packedBytes } from './packed-bits.js'

/**
 * The mask that keeps the `k` largest scores, exactly k of them; of equal scores the lower index is kept.
 * Linear in the number of scores: a most-significant-digit radix selection over the scores' bits.
 * -0 and 0 are equal, as numbers are.
 * @param scores float32 [count], finite or infinite; NaN is a RangeError
 * @param k integer, 0 <= k <= count
 * @returns packed bits [count], least significant bit first
 */
export function keepTopK(scores: Float32Array, k: number): Uint8Array {
  if (!(scores instanceof Float32Array)) throw new TypeError('"scores" expected a Float32Array')
  const count = scores.length
  if (!Number.isInteger(k) || k < 0 || k > count) {
    throw new RangeError(`"k" expected an integer from 0 to ${count}, got ${k}`)
  }
  const keys = orderedKeys(scores)
  const mask = new Uint8Array(packedBytes(count))
  if (k === 0) return mask
  const { threshold, equal } = thresholdOf(keys, k)
  let ties = equal
  for (let i = 0; i < count; i++) {
    const key = keys[i]
    if (key > threshold || (key === threshold && ties-- > 0)) mask[i >>> 3] |= 1 << (i & 7)
  }
  return mask
}

/** Unsigned integers in the order of the scores (the usual flip of sign and bits). */
function orderedKeys(scores: Float32Array): Uint32Array {
  const keys = new Uint32Array(scores.length)
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length)
  for (let i = 0; i < keys.length; i++) {
    const word = bits[i]
    if ((word & 0x7fffffff) > 0x7f800000) throw new RangeError(`"scores" expected numbers, got NaN at index ${i}`)
    if (word === 0x80000000) keys[i] = 0x80000000
    else keys[i] = word & 0x80000000 ? ~word : word | 0x80000000
  }
  return keys
}

/** The k-th largest key, and how many keys equal to it are among the k largest. k from 1 to the number of keys. */
function thresholdOf(keys: Uint32Array, k: number): { threshold: number; equal: number } {
  let prefix = 0
  let prefixMask = 0
  let left = k
  const histogram = new Uint32Array(2048)
  for (const { shift, bits } of digits) {
    histogram.fill(0)
    const digitMask = (1 << bits) - 1
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]
      if ((key & prefixMask) >>> 0 === prefix) histogram[(key >>> shift) & digitMask]++
    }
    let digit = digitMask
    while (histogram[digit] < left) left -= histogram[digit--]
    prefix = (prefix | (digit << shift)) >>> 0
    prefixMask = (prefixMask | (digitMask << shift)) >>> 0
  }
  return { threshold: prefix, equal: left }
}

/** 32 bits in three passes, from the top. */
const digits = [
  { shift: 21, bits: 11 },
  { shift: 10, bits: 11 },
  { shift: 0, bits: 10 },
] as const
