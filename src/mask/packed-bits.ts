/**
 * Packed bits, least significant bit first: bit i lives in byte i >> 3 under the mask 1 << (i & 7).
 * The bits of the last byte past the end are zero.
 */

/** Bytes that `count` bits take. */
export function packedBytes(count: number): number {
  return Math.ceil(count / 8)
}

/**
 * Packs flags into bits.
 * @param flags any non-zero value is a one
 * @returns Uint8Array of ceil(length / 8) bytes
 */
export function packBits(flags: ArrayLike<number>): Uint8Array {
  const packed = new Uint8Array(packedBytes(flags.length))
  for (let i = 0; i < flags.length; i++) if (flags[i]) packed[i >>> 3] |= 1 << (i & 7)
  return packed
}

/**
 * Unpacks bits into one byte each, 0 or 1.
 * @param packed at least ceil((start + count) / 8) bytes, or RangeError
 * @param count how many bits
 * @param start first bit, default 0
 */
export function unpackBits(packed: Uint8Array, count: number, start = 0): Uint8Array {
  assertBits(packed, start, count, 'packed')
  const flags = new Uint8Array(count)
  // Bit numbers may exceed 2^32: bytes are addressed by division, never by >>>.
  for (let i = 0; i < count; i++) flags[i] = getBit(packed, start + i)
  return flags
}

/** Bit `index` (0 or 1); indices up to 2^53 - 1. */
export function getBit(packed: Uint8Array, index: number): number {
  return (packed[Math.floor(index / 8)] >>> (index % 8)) & 1
}

/**
 * Number of ones.
 * @param packed packed bits
 * @param count only the first `count` bits count; default all
 */
export function countOnes(packed: Uint8Array, count = packed.length * 8): number {
  assertBits(packed, 0, count, 'packed')
  const whole = Math.floor(count / 8)
  let ones = 0
  for (let i = 0; i < whole; i++) ones += onesOf[packed[i]]
  const rest = count % 8
  return rest ? ones + onesOf[packed[whole] & ((1 << rest) - 1)] : ones
}

/** Whether the bits from `count` to the end of the last byte are all zero. */
export function tailIsZero(packed: Uint8Array, count: number): boolean {
  assertBits(packed, 0, count, 'packed')
  const whole = Math.floor(count / 8)
  for (let i = count % 8 ? whole + 1 : whole; i < packed.length; i++) if (packed[i]) return false
  return count % 8 === 0 || packed[whole] >>> (count % 8) === 0
}

/**
 * Sets to 0, in place, every value whose bit is 0; the others are not touched.
 * @param values [count]
 * @param packed at least count bits, or RangeError
 */
export function zeroDropped(values: Float32Array | Float64Array, packed: Uint8Array): void {
  assertBits(packed, 0, values.length, 'packed')
  for (let at = 0, byte = 0; at < values.length; byte++) {
    const end = Math.min(at + 8, values.length)
    for (let bits = packed[byte]; at < end; at++, bits >>>= 1) if ((bits & 1) === 0) values[at] = 0
  }
}

/**
 * Copies `count` bits between any two bit offsets, a byte at a time; the other bits of the target keep their values.
 * Source and target may not overlap.
 * @throws RangeError when either range leaves its array
 */
export function copyBits(from: Uint8Array, fromBit: number, to: Uint8Array, toBit: number, count: number): void {
  assertBits(from, fromBit, count, 'from')
  assertBits(to, toBit, count, 'to')
  let target = Math.floor(toBit / 8)
  let read = fromBit
  let left = count
  const head = toBit % 8
  if (head && left) {
    const size = Math.min(8 - head, left)
    const mask = ((1 << size) - 1) << head
    to[target] = (to[target] & ~mask) | ((bitsAt(from, read) << head) & mask)
    target++
    read += size
    left -= size
  }
  const bytes = Math.floor(left / 8)
  const shift = read % 8
  let source = Math.floor(read / 8)
  if (shift === 0) to.set(from.subarray(source, source + bytes), target)
  else {
    let low = from[source]
    for (let i = 0; i < bytes; i++) {
      const high = from[++source]
      to[target + i] = (low >>> shift) | (high << (8 - shift))
      low = high
    }
  }
  left -= bytes * 8
  if (left) {
    const mask = (1 << left) - 1
    const last = target + bytes
    to[last] = (to[last] & ~mask) | (bitsAt(from, read + bytes * 8) & mask)
  }
}

/** The eight bits from `bit` on (zeros past the end of the array). */
function bitsAt(packed: Uint8Array, bit: number): number {
  const byte = Math.floor(bit / 8)
  const shift = bit % 8
  return ((packed[byte] >>> shift) | ((packed[byte + 1] ?? 0) << (8 - shift))) & 255
}

function assertBits(packed: Uint8Array, start: number, count: number, name: string): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(count) || start < 0 || count < 0) {
    throw new RangeError(`"${name}" expected a bit range of integers >= 0, got ${count} bits at ${start}`)
  }
  if (start + count > packed.length * 8) {
    throw new RangeError(`"${name}" expected at least ${start + count} bits, got ${packed.length * 8}`)
  }
}

const onesOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let bits = byte; bits; bits >>= 1) ones += bits & 1
  return ones
})
