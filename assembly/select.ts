// Exact selection of the largest |score|: counting the digits of keys, and writing masks for a threshold.
import { bits16, validBits } from './ticket-step'

const MAGNITUDE: u32 = 0x7fffffff

/** u32 [2048]: how many keys have each digit. `countDigits` adds to it; the caller clears it. */
const HISTOGRAM: usize = memory.data(2048 * 4, 16)

export function histogramAt(): usize {
  return HISTOGRAM
}

/**
 * Counts (key >> shift) & digitMask over the keys whose bits under prefixMask are `prefix`. Keys are 31 bits: the sign of
 * a score is ignored.
 */
export function countDigits(
  keys: usize, count: u32, prefix: u32, prefixMask: u32, shift: u32, digitMask: u32,
): void {
  const end = keys + (<usize>count << 2)
  for (let at = keys; at < end; at += 4) {
    const key = load<u32>(at) & MAGNITUDE
    if ((key & prefixMask) == prefix) {
      const to = HISTOGRAM + (<usize>((key >> shift) & digitMask) << 2)
      store<u32>(to, load<u32>(to) + 1)
    }
  }
}

/** Index of the first NaN, or `count`. float32 [count]. */
export function findNaN(values: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const value = load<f32>(values + (<usize>i << 2))
    if (value != value) return i
  }
  return count
}

/**
 * Writes effective weights and packed mask bits: weights whose key is above the threshold are kept, and of those equal to
 * it the first `ties`. Returns how many of the ties are left.
 */
export function applyThreshold(
  weights: usize, effective: usize, scores: usize, bits: usize, count: u32, threshold: i32, ties: u32,
): u32 {
  const threshold4 = i32x4.splat(threshold)
  const magnitude4 = i32x4.splat(MAGNITUDE)
  for (let i: u32 = 0; i < count; i += 16) {
    const at = <usize>i << 2
    const k0 = v128.and(v128.load(scores + at), magnitude4)
    const k1 = v128.and(v128.load(scores + at, 16), magnitude4)
    const k2 = v128.and(v128.load(scores + at, 32), magnitude4)
    const k3 = v128.and(v128.load(scores + at, 48), magnitude4)
    const over0 = i32x4.gt_s(k0, threshold4)
    const over1 = i32x4.gt_s(k1, threshold4)
    const over2 = i32x4.gt_s(k2, threshold4)
    const over3 = i32x4.gt_s(k3, threshold4)
    v128.store(effective + at, v128.and(v128.load(weights + at), over0))
    v128.store(effective + at, v128.and(v128.load(weights + at, 16), over1), 16)
    v128.store(effective + at, v128.and(v128.load(weights + at, 32), over2), 32)
    v128.store(effective + at, v128.and(v128.load(weights + at, 48), over3), 48)
    let kept = bits16(over0, over1, over2, over3) // keys past the end are 0: never above
    let equal = bits16(
      i32x4.eq(k0, threshold4), i32x4.eq(k1, threshold4), i32x4.eq(k2, threshold4), i32x4.eq(k3, threshold4),
    ) & validBits(i, count)
    for (; equal != 0 && ties != 0; equal &= equal - 1, ties--) {
      const offset = at + (<usize>ctz(equal) << 2)
      store<u32>(effective + offset, load<u32>(weights + offset))
      kept |= 1 << ctz(equal)
    }
    store<u16>(bits + (<usize>i >> 3), <u16>kept)
  }
  return ties
}

/** Keeps the listed weights whose key is above the threshold, and the first `ties` equal to it; returns the ties left. */
export function keepCandidates(
  weights: usize, effective: usize, bits: usize, candidateKeys: usize, candidateIndices: usize, candidates: u32,
  threshold: u32, ties: u32,
): u32 {
  for (let c: u32 = 0; c < candidates; c++) {
    const key = load<u32>(candidateKeys + (<usize>c << 2))
    if (key < threshold) continue
    if (key == threshold) {
      if (ties == 0) continue
      ties--
    }
    const index = load<u32>(candidateIndices + (<usize>c << 2))
    const at = <usize>index << 2
    store<u32>(effective + at, load<u32>(weights + at))
    const byte = bits + (<usize>index >> 3)
    store<u8>(byte, <u8>(<u32>load<u8>(byte) | (1 << (index & 7))))
  }
  return ties
}

/** Number of bits that differ. `bytes` is a multiple of 16. */
export function countFlips(a: usize, b: usize, bytes: u32): u32 {
  let total: u32 = 0
  for (let at: usize = 0; at < bytes; at += 16) {
    const ones = i8x16.popcnt(v128.xor(v128.load(a + at), v128.load(b + at)))
    const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(ones))
    total += <u32>(
      i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
    )
  }
  return total
}
