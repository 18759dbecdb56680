// Exact subset sums, four problems side by side: src/subset-sum/problem.ts says what is solved, this file how.
//
// 1. Fixed point. Items become integers y = round(p * scale) with sum|y| <= 2^29, and twice the sum of a subset is
//    sum(y) + (+-y_1 +- ... +- y_n): the half-sums of half-sums.ts. How far the roundings can shift one subset's gap
//    against another's is bounded (SLACK), which makes the search below provable.
// 2. The sums a of the first half and t - b of the second half are merged into one ascending list per problem. The target
//    is made to differ in parity between the two, so an odd difference of neighbours tells a pair (a, b); the best pair is
//    always a neighbour pair.
// 3. Every pair within the error bound of the best one (nearly always one pair at 16 items) is looked up, and judged by
//    the canonical objective in float64. So the answer is the optimum, ties included.
import { mergeRuns } from './bitonic'
import { sortHalfSums } from './half-sums'

const MAX_ITEMS: u32 = 28
const MAX_HALF: u32 = MAX_ITEMS >> 1

// Lane-interleaved working memory.
const ITEMS: usize = memory.data(28 * 4 * 8, 16) // f64 [n][4]: items
const TARGETS: usize = memory.data(4 * 8, 16) // f64 [4]
const SIGNED: usize = memory.data(28 * 16, 16) // i32x4 [n]: fixed-point items
const SIZES: usize = memory.data(28 * 16, 16) // i32x4 [n]: their magnitudes
const A: usize = memory.data((1 << 13) * 16, 16)
const B: usize = memory.data((1 << 13) * 16, 16)
const MERGED: usize = memory.data(((1 << 15) + 8) * 16, 16)
const CHUNKS: usize = memory.data((1 << 12) * 16, 16)
const SLACK: usize = memory.data(16, 16) // i32x4: how far above the best gap the optimum may hide
const TARGET2: usize = memory.data(16, 16) // i32x4: twice the target, centred, in fixed point
const GAPS: usize = memory.data(16, 16) // i32x4: best fixed-point gap, sign bit set
const LIMITS: usize = memory.data(16, 16) // i32x4: near-tie threshold, sign bit set
const OFFSETS: usize = memory.data((1 << 12) * 4, 16) // i32: partial signed sums while looking a sum up
const MASKS_A: usize = memory.data((1 << 14) * 4, 16)
const MASKS_B: usize = memory.data((1 << 14) * 4, 16)
const BEST_MASK: usize = memory.data(4 * 4, 16)
const BEST_ERROR: usize = memory.data(4 * 8, 16)
const REACHABLE: usize = memory.data(4, 4)

const FULL: f64 = 536870848.0 // 2^29 - 64: room for the roundings of the items
const SENTINEL: i32 = 0x7ffffffe // above every centred target minus half-sum, which stay below 2^30

/** Fixed point, reach, centred target and search slack of each lane. */
function prepare(n: u32): void {
  const zero = f64x2.splat(0)
  let low01 = zero
  let low23 = zero
  let high01 = zero
  let high23 = zero
  for (let k: usize = 0; k < n; k++) {
    const p01 = v128.load(ITEMS + (k << 5))
    const p23 = v128.load(ITEMS + (k << 5), 16)
    low01 = f64x2.add(low01, f64x2.pmin(zero, p01))
    low23 = f64x2.add(low23, f64x2.pmin(zero, p23))
    high01 = f64x2.add(high01, f64x2.pmax(zero, p01))
    high23 = f64x2.add(high23, f64x2.pmax(zero, p23))
  }
  const t01 = v128.load(TARGETS)
  const t23 = v128.load(TARGETS, 16)
  const in01 = v128.and(f64x2.ge(t01, low01), f64x2.le(t01, high01))
  const in23 = v128.and(f64x2.ge(t23, low23), f64x2.le(t23, high23))
  store<u8>(REACHABLE, <u8>(i64x2.bitmask(in01) & 1), 0)
  store<u8>(REACHABLE, <u8>(i64x2.bitmask(in01) >> 1), 1)
  store<u8>(REACHABLE, <u8>(i64x2.bitmask(in23) & 1), 2)
  store<u8>(REACHABLE, <u8>(i64x2.bitmask(in23) >> 1), 3)
  const clamped01 = f64x2.pmin(high01, f64x2.pmax(low01, t01))
  const clamped23 = f64x2.pmin(high23, f64x2.pmax(low23, t23))
  const full = f64x2.splat(FULL)
  const scale01 = f64x2.div(full, f64x2.sub(high01, low01))
  const scale23 = f64x2.div(full, f64x2.sub(high23, low23))
  const unsolved = f64x2.splat(Infinity)
  v128.store(BEST_ERROR, unsolved)
  v128.store(BEST_ERROR, unsolved, 16)
  let total = i32x4.splat(0)
  let drift01 = f64x2.splat(0)
  let drift23 = f64x2.splat(0)
  let rough01 = f64x2.splat(0)
  let rough23 = f64x2.splat(0)
  for (let k: usize = 0; k < n; k++) {
    const exact01 = f64x2.mul(v128.load(ITEMS + (k << 5)), scale01)
    const exact23 = f64x2.mul(v128.load(ITEMS + (k << 5), 16), scale23)
    const whole01 = f64x2.nearest(exact01)
    const whole23 = f64x2.nearest(exact23)
    const rounding01 = f64x2.sub(whole01, exact01)
    const rounding23 = f64x2.sub(whole23, exact23)
    drift01 = f64x2.add(drift01, rounding01)
    drift23 = f64x2.add(drift23, rounding23)
    rough01 = f64x2.add(rough01, f64x2.abs(rounding01))
    rough23 = f64x2.add(rough23, f64x2.abs(rounding23))
    const y = v128.shuffle<u32>(i32x4.trunc_sat_f64x2_s_zero(whole01), i32x4.trunc_sat_f64x2_s_zero(whole23), 0, 1, 4, 5)
    v128.store(SIGNED + (k << 4), y)
    v128.store(SIZES + (k << 4), i32x4.abs(y))
    total = i32x4.add(total, y)
  }
  // With the target moved by the sum of the roundings, no subset's doubled sum is off by more than sum|rounding|.
  const two = f64x2.splat(2)
  const target01 = f64x2.add(f64x2.mul(two, f64x2.mul(clamped01, scale01)), drift01)
  const target23 = f64x2.add(f64x2.mul(two, f64x2.mul(clamped23, scale23)), drift23)
  const target2 = v128.shuffle<u32>(
    i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(target01)),
    i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(target23)),
    0, 1, 4, 5,
  )
  // Centre the target and give t - b the parity that a does not have: t2 odd against the sum of all items.
  const centred = i32x4.sub(target2, total)
  const one = i32x4.splat(1)
  const even = v128.xor(v128.and(v128.xor(centred, total), one), one)
  v128.store(TARGET2, i32x4.add(centred, even))
  // Two subsets differ by twice that, by twice the target's rounding (1/2) and parity (1), and by float64's roundings.
  const slack = v128.shuffle<u32>(
    i32x4.trunc_sat_f64x2_s_zero(f64x2.ceil(f64x2.mul(two, rough01))),
    i32x4.trunc_sat_f64x2_s_zero(f64x2.ceil(f64x2.mul(two, rough23))),
    0, 1, 4, 5,
  )
  v128.store(SLACK, i32x4.add(slack, i32x4.splat(4)))
}

/** Merges the sums a with t - b: 4q ascending vectors at MERGED. */
function mergeHalves(q: u32, oddCount: bool): void {
  const t = v128.load(TARGET2)
  const zero = i32x4.splat(0)
  const quarter = <usize>q << 4
  const high = MERGED + 2 * quarter
  if (!oddCount) {
    for (let at: usize = 0; at < quarter; at += 16) {
      const a = v128.load(A + at)
      const b = v128.load(B + at)
      const aNegative = i32x4.sub(zero, a)
      const down = i32x4.add(t, b)
      const up = i32x4.sub(t, b)
      const mirrored = MERGED + quarter - 16 - at
      v128.store(mirrored, i32x4.min_s(aNegative, down))
      v128.store(mirrored + 2 * quarter, i32x4.max_s(aNegative, down))
      v128.store(MERGED + quarter + at, i32x4.min_s(a, up))
      v128.store(high + quarter + at, i32x4.max_s(a, up))
    }
  } else {
    // The second half has one item less: its 2q/2 vectors follow q sentinels.
    const sentinel = i32x4.splat(SENTINEL)
    for (let at: usize = 0; at < quarter; at += 16) {
      v128.store(MERGED + quarter - 16 - at, i32x4.sub(zero, v128.load(A + at)))
      v128.store(high + at, sentinel)
    }
    const eighth = quarter >> 1
    for (let at: usize = 0; at < eighth; at += 16) {
      const b = v128.load(B + at)
      const down = i32x4.add(t, b)
      const up = i32x4.sub(t, b)
      const a0 = v128.load(A + eighth - 16 - at)
      const a1 = v128.load(A + eighth + at)
      const mirrored = quarter + eighth - 16 - at
      v128.store(MERGED + mirrored, i32x4.min_s(a0, down))
      v128.store(high + mirrored, i32x4.max_s(a0, down))
      v128.store(MERGED + quarter + eighth + at, i32x4.min_s(a1, up))
      v128.store(high + quarter + eighth + at, i32x4.max_s(a1, up))
    }
  }
  mergeRuns(MERGED, q << 2, q)
}

/** Least odd difference of neighbours, per lane and per chunk of eight; sign bit marks odd, so that signed min finds it. */
function nearestPairs(q: u32): void {
  const length = <usize>q << 6
  v128.store(MERGED + length, v128.load(MERGED + length - 16))
  let best = i32x4.splat(0)
  let chunk = CHUNKS
  let current = v128.load(MERGED)
  for (let at = MERGED; at < MERGED + length; at += 128, chunk += 16) {
    let least = i32x4.splat(0)
    for (let j: usize = 16; j <= 128; j += 16) {
      const next = v128.load(at + j)
      const difference = i32x4.sub(next, current)
      least = i32x4.min_s(least, v128.or(difference, i32x4.shl(difference, 31)))
      current = next
    }
    v128.store(chunk, least)
    best = i32x4.min_s(best, least)
  }
  v128.store(GAPS, best)
}

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
function judge(n: u32, lane: u32, mask: u32): void {
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

/** Judges every subset pair behind two values of the merged list, one a and one t - b. */
function judgePair(n: u32, halfA: u32, lane: u32, x: i32, y: i32, parityOfA: i32): void {
  const a = (x & 1) == parityOfA ? x : y
  const b = load<i32>(TARGET2 + (<usize>lane << 2)) - ((x & 1) == parityOfA ? y : x)
  const countA = lookUp(0, halfA, lane, a, MASKS_A)
  const countB = lookUp(halfA, n - halfA, lane, b, MASKS_B)
  for (let i: u32 = 0; i < countA; i++) {
    for (let j: u32 = 0; j < countB; j++)
      judge(n, lane, load<u32>(MASKS_A + (<usize>i << 2)) | (load<u32>(MASKS_B + (<usize>j << 2)) << halfA))
  }
}

// @ts-ignore: decorator
@inline
function merged(index: u32, lane: u32): i32 {
  return load<i32>(MERGED + (<usize>index << 4) + (<usize>lane << 2))
}

/**
 * Judges every pair of a lane within the limit whose first odd step is the one from `c` to `c + 1`. Equal values stand for
 * the same masks, which one look-up finds together: each value is taken once, or equal items would cost the square.
 */
function judgeAround(n: u32, halfA: u32, lane: u32, c: u32, length: u32, limit: i32, parityOfA: i32): void {
  const type = merged(c, lane) & 1
  for (let left = <i32>c; left >= 0; left--) {
    const x = merged(left, lane)
    if ((x & 1) != type || merged(c + 1, lane) - x > limit) break
    if (left < <i32>c && merged(left + 1, lane) == x) continue
    for (let right = c + 1; right < length; right++) {
      const y = merged(right, lane)
      if (y - x > limit) break
      if (right > c + 1 && merged(right - 1, lane) == y) continue
      if ((y & 1) != type) judgePair(n, halfA, lane, x, y, parityOfA)
    }
  }
}

/** Solves the four problems in ITEMS and TARGETS; lanes outside `active` are not looked up. */
function solve4(n: u32, active: u32): void {
  prepare(n)
  const halfA = (n + 1) >> 1
  const q: u32 = 1 << (halfA - 1)
  sortHalfSums(SIZES, halfA, A)
  sortHalfSums(SIZES + (<usize>halfA << 4), n - halfA, B)
  mergeHalves(q, (n & 1) == 1)
  nearestPairs(q)

  const limits = i32x4.add(v128.load(GAPS), v128.load(SLACK))
  v128.store(LIMITS, limits)
  // The parity of a is that of the sum of the first half's items.
  let parity = i32x4.splat(0)
  for (let k: usize = 0; k < halfA; k++) parity = v128.xor(parity, v128.load(SIZES + (k << 4)))
  const parities = i32x4.bitmask(i32x4.shl(parity, 31))
  const chunks = q >> 1
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    let flagged = i32x4.bitmask(i32x4.le_s(v128.load(CHUNKS + (<usize>chunk << 4)), limits)) & active
    for (; flagged != 0; flagged &= flagged - 1) {
      const lane = <u32>ctz(flagged)
      const limit = load<i32>(LIMITS + (<usize>lane << 2)) & 0x7fffffff
      for (let c = chunk << 3; c < (chunk << 3) + 8 && c + 1 < q << 2; c++) {
        const difference = merged(c + 1, lane) - merged(c, lane)
        if ((difference & 1) == 1 && difference <= limit)
          judgeAround(n, halfA, lane, c, q << 2, limit, <i32>((parities >> lane) & 1))
      }
    }
  }
}

/** Fewer than eight items: all subsets, one lane at a time. */
function solveSmall4(n: u32): void {
  for (let lane: u32 = 0; lane < 4; lane++) {
    let low: f64 = 0
    let high: f64 = 0
    for (let k: usize = 0; k < n; k++) {
      const p = load<f64>(ITEMS + (k << 5) + (<usize>lane << 3))
      low += min<f64>(p, 0)
      high += max<f64>(p, 0)
    }
    const target = load<f64>(TARGETS + (<usize>lane << 3))
    store<u8>(REACHABLE + lane, target >= low && target <= high ? 1 : 0)
    store<f64>(BEST_ERROR + (<usize>lane << 3), Infinity)
    for (let mask: u32 = 0; mask < <u32>1 << n; mask++) judge(n, lane, mask)
  }
}

function solveStaged(n: u32, count: u32, first: usize, masks: usize, errors: usize, reachable: usize): void {
  const lanes = min<u32>(4, count - <u32>first)
  if (n < 8) solveSmall4(n)
  else solve4(n, (1 << lanes) - 1)
  for (let lane: usize = 0; lane < lanes; lane++) {
    store<u32>(masks + ((first + lane) << 2), load<u32>(BEST_MASK + (lane << 2)))
    store<f64>(errors + ((first + lane) << 3), load<f64>(BEST_ERROR + (lane << 3)))
    store<u8>(reachable + first + lane, load<u8>(REACHABLE + lane))
  }
}

/**
 * Solves `count` problems of `n` items (1 to 28, none of them all zero).
 * items f64 [count][n], targets f64 [count]; masks u32 [count], errors f64 [count], reachable u8 [count].
 */
export function solveBatch(
  items: usize, targets: usize, count: u32, n: u32, masks: usize, errors: usize, reachable: usize,
): void {
  for (let first: u32 = 0; first < count; first += 4) {
    for (let lane: u32 = 0; lane < 4; lane++) {
      const c = <usize>min<u32>(first + lane, count - 1)
      for (let k: usize = 0; k < n; k++)
        store<f64>(ITEMS + (k << 5) + (<usize>lane << 3), load<f64>(items + ((c * n + k) << 3)))
      store<f64>(TARGETS + (<usize>lane << 3), load<f64>(targets + (c << 3)))
    }
    solveStaged(n, count, first, masks, errors, reachable)
  }
}

/**
 * Solves one column of a pair: problem i has the items factors[k] * second[k * stride + i].
 * factors f64 [n], second f32 [n][stride], targets f64 [count]; outputs as solveBatch.
 */
export function solvePairColumn(
  factors: usize, second: usize, stride: u32, targets: usize, count: u32, n: u32,
  masks: usize, errors: usize, reachable: usize,
): void {
  for (let first: u32 = 0; first < count; first += 4) {
    if (first + 4 <= count) {
      for (let k: usize = 0; k < n; k++) {
        const factor = f64x2.splat(load<f64>(factors + (k << 3)))
        const v = v128.load(second + ((k * stride + first) << 2))
        v128.store(ITEMS + (k << 5), f64x2.mul(f64x2.promote_low_f32x4(v), factor), 0)
        v128.store(
          ITEMS + (k << 5),
          f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<u32>(v, v, 2, 3, 0, 1)), factor),
          16,
        )
      }
      v128.store(TARGETS, v128.load(targets + (<usize>first << 3)), 0)
      v128.store(TARGETS, v128.load(targets + (<usize>first << 3), 16), 16)
    } else {
      for (let lane: u32 = 0; lane < 4; lane++) {
        const c = <usize>min<u32>(first + lane, count - 1)
        for (let k: usize = 0; k < n; k++) {
          const v = <f64>load<f32>(second + ((k * stride + c) << 2))
          store<f64>(ITEMS + (k << 5) + (<usize>lane << 3), v * load<f64>(factors + (k << 3)))
        }
        store<f64>(TARGETS + (<usize>lane << 3), load<f64>(targets + (c << 3)))
      }
    }
    solveStaged(n, count, first, masks, errors, reachable)
  }
}
