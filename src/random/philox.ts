/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as
 * 1, 2, 3" (SC 2011), section 4. One call turns a 128-bit counter and a 64-bit key into four 32-bit words; no state is
 * kept, so any word of any stream can be computed alone and in any order.
 */

/** Round multipliers and key increments (Weyl constants) of Philox4x32, table 2 of the paper. */
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
const ROUNDS = 10

/** High 32 bits of the unsigned product of two 32-bit integers, as a signed integer; exact. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0
}

/**
 * The four words of one block.
 *
 * @param out receives four unsigned 32-bit words at `offset`..`offset + 3`
 * @param c0..c3 counter words, least significant first (any 32-bit integers)
 * @param k0 low word of the key
 * @param k1 high word of the key
 */
export function philox4x32(
  out: Uint32Array,
  offset: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = Math.imul(M0, c0)
    const low1 = Math.imul(M1, c2)
    const next0 = multiplyHigh(M1, c2) ^ c1 ^ k0
    const next2 = multiplyHigh(M0, c0) ^ c3 ^ k1
    c0 = next0
    c1 = low1
    c2 = next2
    c3 = low0
    k0 = (k0 + W0) | 0
    k1 = (k1 + W1) | 0
  }
  out[offset] = c0
  out[offset + 1] = c1
  out[offset + 2] = c2
  out[offset + 3] = c3
}
