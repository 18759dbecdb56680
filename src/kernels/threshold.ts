import type { Kernels } from './kernels.js'

/** Scores, or keys of scores, in the memory of an instance: 32-bit [count] at a byte address. */
export interface Keys {
  readonly kernels: Kernels
  readonly address: number
  readonly count: number
}

/** The bits of the k-th largest |score|, and how many of those equal to it belong to the k largest. */
export interface Threshold {
  readonly key: number
  readonly ties: number
}

/** 31 bits in three passes, from the top. */
const digits = [
  { shift: 20, mask: 2047 },
  { shift: 10, mask: 1023 },
  { shift: 0, mask: 1023 },
] as const

/**
 * The k-th largest |score| of several arrays together, exactly, by a radix selection from the top digit: three passes.
 * @param k integer from 1 to the number of scores; none of them NaN
 * @throws RangeError for a larger k
 */
export function thresholdOf(arrays: readonly Keys[], k: number): Threshold {
  const instances = [...new Set(arrays.map(({ kernels }) => kernels))]
  const histograms = instances.map(({ exports }) => new Uint32Array(exports.memory.buffer, exports.histogramAt(), 2048))
  let key = 0
  let known = 0
  let left = k
  for (const { shift, mask } of digits) {
    for (const histogram of histograms) histogram.fill(0)
    for (const { kernels, address, count } of arrays) {
      kernels.exports.countDigits(address, count, key, known, shift, mask)
    }
    let digit: number = mask
    for (; ; digit--) {
      let equal = 0
      for (const histogram of histograms) equal += histogram[digit]
      if (equal >= left) break
      left -= equal
      if (digit === 0) throw new RangeError(`"k" expected at most the number of scores, got ${k}`)
    }
    key |= digit << shift
    known |= mask << shift
  }
  return { key, ties: left }
}
