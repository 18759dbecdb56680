/**
 * A stream of 32-bit words named by (seed, stream). Word `index` is lane `index mod 4` of the Philox4x32-10 block whose
 * key is the seed (low word, high word) and whose counter is (block low, block high, stream low, stream high) with
 * `block = floor(index / 4)`. This layout is frozen: only a major version may change it.
 */
import { philox4x32 } from './philox.js'

/** An unsigned 64-bit seed: a bigint in 0..2^64-1 (inclusive), or a safe non-negative integer. */
export type Seed = number | bigint

const TWO_32 = 0x100000000

/** The seed as its two 32-bit halves. Throws TypeError for a non-integer, RangeError outside 0..2^64-1. */
export function seedWords(seed: Seed): { low: number; high: number } {
  if (typeof seed === 'number' && !Number.isSafeInteger(seed))
    throw new TypeError(`"seed" expected a safe integer or a bigint, got ${seed}`)
  if (typeof seed !== 'number' && typeof seed !== 'bigint')
    throw new TypeError(`"seed" expected a number or a bigint, got ${typeof seed}`)
  const value = BigInt(seed)
  if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`"seed" expected 0 <= seed < 2^64, got ${seed}`)
  return { low: Number(value & 0xffffffffn), high: Number(value >> 32n) }
}

/** Throws unless `value` is an integer in 0..2^53-1 (inclusive). */
export function checkIndex(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`"${name}" expected an integer from 0 to 2^53-1, got ${value}`)
}

/**
 * Words `start`..`start + out.length - 1` of a stream.
 *
 * @param stream integer in 0..2^53-1
 * @param start index of the first word, integer in 0..2^53-1
 * @param out receives unsigned 32-bit words, uniform on 0..2^32-1 (inclusive)
 */
export function fillWords(seed: Seed, stream: number, start: number, out: Uint32Array): void {
  const { low, high } = seedWords(seed)
  checkIndex('stream', stream)
  checkIndex('start', start)
  const streamLow = stream % TWO_32
  const streamHigh = Math.floor(stream / TWO_32)
  const lanes = new Uint32Array(4)
  let block = Math.floor(start / 4)
  let lane = start % 4
  for (let filled = 0; filled < out.length; block++, lane = 0) {
    philox4x32(lanes, 0, (block % TWO_32) | 0, Math.floor(block / TWO_32) | 0, streamLow | 0, streamHigh | 0, low, high)
    while (lane < 4 && filled < out.length) out[filled++] = lanes[lane++]
  }
}
