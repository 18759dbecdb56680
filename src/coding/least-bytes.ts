/**
 * Least lengths of coded data. A length that no stream of so many bits can have is refused before anything is allocated for
 * what the stream is said to hold.
 */
import { chunkRange, type MaskGeometry } from './geometry.js'

/**
 * Most bits that a state of the range coder gives between two words. A bit takes at least floor(x / 4096) off a state x, for
 * with x = 4096 h + s and f <= 4095 of 4096 for the bit that was read, the next state is at most f h + s <= x - h. So
 * from 2^32 - 1, the largest state, it is below 2^16 after at most 45,550 bits; a test counts them.
 */
export const BITS_PER_WORD = 45_550

/** Most bytes that a byte of deflate stands for: a match of 258 bytes takes a bit of length and a bit of distance. */
export const DEFLATE_RATIO = 1032

/**
 * Least bytes of a stream of the range coder: a state of 4 bytes and words of 2. With eight states it is longer.
 * @param count bits, an integer >= 1
 */
export const leastStreamBytes = (count: number): number => 2 + 2 * Math.ceil(count / BITS_PER_WORD)

/**
 * Least bytes of a coded mask: a byte of parameters, the lengths of all chunks but the last, the chunks.
 * @param coded how many bits are coded, where not all are; any chunk may then have none of them
 */
export function leastMaskBytes(geometry: MaskGeometry, coded = geometry.count): number {
  const { chunks } = geometry
  if (coded < geometry.count)
    return 1 + 4 * (chunks - 1) + 4 * chunks + 2 * Math.max(0, Math.ceil(coded / BITS_PER_WORD) - chunks)
  const chunk = (index: number) => leastStreamBytes(chunkRange(geometry, index).count)
  return 1 + (chunks - 1) * (4 + chunk(0)) + chunk(chunks - 1)
}

/** Least bytes of raw deflate that inflates to `size` bytes, an integer >= 0. */
export const leastDeflatedBytes = (size: number): number => Math.ceil(size / DEFLATE_RATIO)
