// Step 3 of subset-sum.ts: which subsets are behind the nearest sums, judged by the canonical objective in float64.
import { BEST_ERROR, BEST_MASK, ITEMS, MASKS_A, MASKS_B, MERGED, OFFSETS, SIGNED, TARGET2, TARGETS } from './workspace'

/** All masks over `count` items from `first` whose signed sum in this lane equals `value`; returns how many. */
function lookUp(first: u32, count: u32, lane: u32, value: i32, masks: usize): u32 {
  const items = SIGNED + (<usize>first << 4) + (<usize>lane << 2)
  let sum: i32 = 0
  for (let k: usize = 0; k < count; k++) sum += load<i32>(items + (k << 4))
  const y0 = load<i32>(items) << 1
  const y1 = load<i32>(items, 16) << 1
  // Four masks a vector: the two lowest items; OFFSETS: what the others must still make up.
  const lowest = i32x4(0, y0, y1, y0 + y1)
  const size: u32 = 1 << (count - 2)
  const y2 = load<i32>(items, 32) << 1
  const y3 = load<i32>(items, 48) << 1
  v128.store(OFFSETS, i32x4.sub(i32x4.splat(value + sum), i32x4(0, y2, y3, y2 + y3)))
  for (let k: u32 = 4, filled: usize = 16; k < count; k++, filled <<= 1) {
    const y = i32x4.splat(load<i32>(items + (<usize>k << 4)) << 1)
    for (let at: usize = 0; at < filled; at += 16)
      v128.store(OFFSETS + filled + at, i32x4.sub(v128.load(OFFSETS + at), y))
  }
  let found: u32 = 0
  for (let m: u32 = 0; m < size; m += 4) {
    const at = OFFSETS + (<usize>m << 2)
    const e0 = i32x4.eq(lowest, v128.load32_splat(at))
    const e1 = i32x4.eq(lowest, v128.load32_splat(at, 4))
    const e2 = i32x4.eq(lowest, v128.load32_splat(at, 8))
    const e3 = i32x4.eq(lowest, v128.load32_splat(at, 12))
    if (v128.any_true(v128.or(v128.or(e0, e1), v128.or(e2, e3)))) {
      let bits: u32 =
        i32x4.bitmask(e0) | (i32x4.bitmask(e1) << 4) | (i32x4.bitmask(e2) << 8) | (i32x4.bitmask(e3) << 12)
      for (; bits != 0; bits &= bits - 1, found += 1) store<u32>(masks + (<usize>found << 2), (m << 2) + ctz(bits))
    }
  }
  return found
}

/** Judges one subset of a lane by the canonical objective. */
export function judge(n: u32, lane: u32, mask: u32): void {
  let sum: f64 = 0
  const items = ITEMS + (<usize>lane << 3)
  for (let k: u32 = 0; k < n; k++) sum += select<f64>(load<f64>(items + (<usize>k << 5)), 0, (mask >> k) & 1)
  const error = sum - load<f64>(TARGETS + (<usize>lane << 3))
  const bestError = load<f64>(BEST_ERROR + (<usize>lane << 3))
  if (abs(error) < abs(bestError) || (abs(error) == abs(bestError) && mask < load<u32>(BEST_MASK + (<usize>lane << 2)))) {
    store<f64>(BEST_ERROR + (<usize>lane << 3), error)
    store<u32>(BEST_MASK + (<usize>lane << 2), mask)
  }
}

// @ts-ignore: decorator
@inline
function lookUpWork(count: u32): u32 {
  return (<u32>1 << (count - 4)) + 8
}

/**
 * Judges every subset pair behind two values of the merged list, one a and one t - b.
 * Returns the work it took; work above `budget` is not done.
 */
function judgePair(n: u32, halfA: u32, lane: u32, x: i32, y: i32, parityOfA: i32, budget: u32): u32 {
  const a = (x & 1) == parityOfA ? x : y
  const b = load<i32>(TARGET2 + (<usize>lane << 2)) - ((x & 1) == parityOfA ? y : x)
  const looking = lookUpWork(halfA) + lookUpWork(n - halfA)
  if (looking > budget) return looking
  const countA = lookUp(0, halfA, lane, a, MASKS_A)
  const countB = lookUp(halfA, n - halfA, lane, b, MASKS_B)
  const work = <u64>countA * countB * n + looking
  if (work > budget) return budget + 1
  for (let i: u32 = 0; i < countA; i++) {
    for (let j: u32 = 0; j < countB; j++)
      judge(n, lane, load<u32>(MASKS_A + (<usize>i << 2)) | (load<u32>(MASKS_B + (<usize>j << 2)) << halfA))
  }
  return <u32>work
}

// @ts-ignore: decorator
@inline
export function merged(index: u32, lane: u32): i32 {
  return load<i32>(MERGED + (<usize>index << 4) + (<usize>lane << 2))
}

/**
 * Judges every pair of a lane within the limit whose first odd step is the one from `c` to `c + 1`. Equal values stand for
 * the same masks, which one look-up finds together: each value is taken once, or equal items would cost the square.
 * Returns the work it took; once that is above `budget` the lane is not solved.
 */
export function judgeAround(
  n: u32, halfA: u32, lane: u32, c: u32, length: u32, limit: i32, parityOfA: i32, budget: u32,
): u32 {
  const type = merged(c, lane) & 1
  let work: u32 = 0
  for (let left = <i32>c; left >= 0; left--) {
    const x = merged(left, lane)
    if ((x & 1) != type || merged(c + 1, lane) - x > limit) break
    work += 1
    if (left < <i32>c && merged(left + 1, lane) == x) continue
    for (let right = c + 1; right < length; right++) {
      const y = merged(right, lane)
      if (y - x > limit) break
      work += 1
      if (work > budget) return work
      if (right > c + 1 && merged(right - 1, lane) == y) continue
      if ((y & 1) != type) work += judgePair(n, halfA, lane, x, y, parityOfA, budget - work)
      if (work > budget) return work
    }
  }
  return work
}
