// Step 4 of subset-sum.ts: one problem in a time that does not depend on its items, after src/subset-sum/meet-in-the-middle.ts.
//
// For each subset of the last items, the sums of the first items that end at or above the target, as float64 rounds them, are all
// from a least one on, which least-start.ts finds backwards. The candidates are that sum and the one before it.
//
// Subsets of the last items are counted with the last item as the lowest bit: so four neighbours differ in the two last
// items only, and a bound follows from one that is found already. REVERSED has their masks.
import { above, leastStart, leastStart2 } from './least-start'
import { A, B, BEST_ERROR, BEST_MASK, ITEMS, MERGED, TARGETS } from './workspace'

const BOUNDS = B // f64 [2^14]: where the first items' sum must start for each subset of the last ones
const REVERSED = A // u32 [2^14]
const ENDS: usize = memory.data(8 * 16, 16) // f64x2 [8]: candidates of eight bounds
const LIST: usize = 8 << 15 // bytes of the sums of 15 items

// @ts-ignore: decorator
@inline
function itemAt(lane: u32, k: u32): f64 {
  return load<f64>(ITEMS + (<usize>k << 5) + (<usize>lane << 3))
}

/** How many of the `size` lowest of a list and of the same list shifted are of the list itself. */
function lowerHalf(list: usize, size: u32, shift: f64): u32 {
  let from: u32 = 0
  for (let to = size; from < to; ) {
    const middle = (from + to) >> 1
    if (load<f64>(list + (<usize>middle << 3)) <= load<f64>(list + (<usize>(size - 1 - middle) << 3)) + shift)
      from = middle + 1
    else to = middle
  }
  return from
}

// @ts-ignore: decorator
@inline
function lesser(x: f64, y: f64): f64 {
  return f64x2.extract_lane(f64x2.pmin(f64x2.splat(y), f64x2.splat(x)), 0)
}

// @ts-ignore: decorator
@inline
function greater(x: f64, y: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(y), f64x2.splat(x)), 0)
}

/**
 * Sums of the first `count` items of a lane, ascending, f64 [2^count]; returns where they lie. One more item merges the list
 * with itself shifted by the item. Which comes next is a coin toss, so there is no branch on it; and the output is
 * merged from both its ends and both ways from its middle, four chains of loads and comparisons side by side.
 */
function sortFirstSums(lane: u32, count: u32): usize {
  const item = itemAt(lane, 0)
  let from = MERGED
  store<f64>(from, lesser(0, item))
  store<f64>(from, greater(0, item), 8)
  for (let k: u32 = 1, size: u32 = 2; k < count; k++, size <<= 1) {
    const bytes = <usize>size << 3
    const shift = itemAt(lane, k)
    const to = from == MERGED ? MERGED + LIST : MERGED
    const lower = <usize>lowerHalf(from, size, shift) << 3
    let a = from
    let b = from
    let lastA = from + lower
    let lastB = from + bytes - lower
    let nextA = lastA
    let nextB = lastB
    let endA = from + bytes
    let endB = endA
    const half = bytes >> 1
    for (let step: usize = 0; step < half; step += 8) {
      const x0 = load<f64>(a)
      const y0 = load<f64>(b) + shift
      const is0 = <usize>(x0 <= y0) << 3
      store<f64>(to + step, lesser(x0, y0))
      a += is0
      b += 8 - is0
      // From the middle a list may run out: an infinity then stands for its next sum, and the other list is taken.
      const x1 = lastA > from ? load<f64>(lastA - 8) : -Infinity
      const y1 = lastB > from ? load<f64>(lastB - 8) + shift : -Infinity
      const is1 = <usize>(x1 > y1) << 3
      store<f64>(to + bytes - 8 - step, greater(x1, y1))
      lastA -= is1
      lastB -= 8 - is1
      const x2 = nextA < from + bytes ? load<f64>(nextA) : Infinity
      const y2 = nextB < from + bytes ? load<f64>(nextB) + shift : Infinity
      const is2 = <usize>(x2 <= y2) << 3
      store<f64>(to + bytes + step, lesser(x2, y2))
      nextA += is2
      nextB += 8 - is2
      const x3 = load<f64>(endA - 8)
      const y3 = load<f64>(endB - 8) + shift
      const is3 = <usize>(x3 > y3) << 3
      store<f64>(to + 2 * bytes - 8 - step, greater(x3, y3))
      endA -= is3
      endB -= 8 - is3
    }
    from = to
  }
  return from
}

/** The bound of each subset of the `last` last items, and its mask. */
function findBounds(n: u32, lane: u32, last: u32): void {
  store<f64>(BOUNDS, load<f64>(TARGETS + (<usize>lane << 3)))
  store<f64>(BOUNDS + 8, leastStart(itemAt(lane, n - 1), load<f64>(BOUNDS)))
  store<u32>(REVERSED, 0)
  store<u32>(REVERSED + 4, 1 << (last - 1))
  for (let k: u32 = 1; k < last; k++) {
    const item = itemAt(lane, n - 1 - k)
    const bytes = <usize>8 << k
    for (let at = BOUNDS; at < BOUNDS + bytes; at += 16) v128.store(at + bytes, leastStart2(item, v128.load(at)))
    const bit = i64x2.splat(<i64>(1 << (last - 1 - k)) * 0x100000001)
    for (let at = REVERSED; at < REVERSED + (bytes >> 1); at += 8) {
      v128.store64_lane(at + (bytes >> 1), v128.or(v128.load64_splat(at), bit), 0)
    }
  }
}

/** How many of `size` ascending sums (a power of two) are below the bound. */
function countBelow(sums: usize, size: u32, bound: f64): u32 {
  let at = sums
  for (let step = size >> 1; step != 0; step >>= 1)
    at += <usize>(<u32>(load<f64>(at + (<usize>(step - 1) << 3)) < bound) * step) << 3
  return <u32>((at - sums) >> 3) + <u32>(load<f64>(at) < bound)
}

// @ts-ignore: decorator
@inline
function stepBelow(at: usize, half: usize, bound: f64): usize {
  return select<usize>(at + half, at, load<f64>(at + half - 8) < bound)
}

/** Stores the sum at `at` or after it which is the first >= bound, and the one before it; where there is none, the other twice. */
// @ts-ignore: decorator
@inline
function storeNeighbours(at: usize, sums: usize, end: usize, bound: f64, to: usize): void {
  const next = at + (<usize>(load<f64>(at) < bound) << 3)
  store<f64>(to, load<f64>(min<usize>(next, end - 8)))
  store<f64>(to, load<f64>(max<usize>(next - 8, sums)), 8)
}

/**
 * The candidates of the eight bounds at `bounds` among `size` ascending sums (a power of two): to ENDS, two a bound. Eight
 * searches side by side hide what each waits for.
 */
function findEnds(sums: usize, size: u32, bounds: usize): void {
  const end = sums + (<usize>size << 3)
  const bound0 = load<f64>(bounds)
  const bound1 = load<f64>(bounds, 8)
  const bound2 = load<f64>(bounds, 16)
  const bound3 = load<f64>(bounds, 24)
  const bound4 = load<f64>(bounds, 32)
  const bound5 = load<f64>(bounds, 40)
  const bound6 = load<f64>(bounds, 48)
  const bound7 = load<f64>(bounds, 56)
  let at0 = sums
  let at1 = sums
  let at2 = sums
  let at3 = sums
  let at4 = sums
  let at5 = sums
  let at6 = sums
  let at7 = sums
  for (let half = <usize>size << 2; half != 4; half >>= 1) {
    at0 = stepBelow(at0, half, bound0)
    at1 = stepBelow(at1, half, bound1)
    at2 = stepBelow(at2, half, bound2)
    at3 = stepBelow(at3, half, bound3)
    at4 = stepBelow(at4, half, bound4)
    at5 = stepBelow(at5, half, bound5)
    at6 = stepBelow(at6, half, bound6)
    at7 = stepBelow(at7, half, bound7)
  }
  storeNeighbours(at0, sums, end, bound0, ENDS)
  storeNeighbours(at1, sums, end, bound1, ENDS + 16)
  storeNeighbours(at2, sums, end, bound2, ENDS + 32)
  storeNeighbours(at3, sums, end, bound3, ENDS + 48)
  storeNeighbours(at4, sums, end, bound4, ENDS + 64)
  storeNeighbours(at5, sums, end, bound5, ENDS + 80)
  storeNeighbours(at6, sums, end, bound6, ENDS + 96)
  storeNeighbours(at7, sums, end, bound7, ENDS + 112)
}

/** The first items' least sum that ends at `error` or above with the subset `mask` of the `last` last items. */
function leastFor(n: u32, lane: u32, last: u32, mask: u32, error: f64): f64 {
  let bound = leastStart(-load<f64>(TARGETS + (<usize>lane << 3)), error)
  for (let k = last; k > 0; k--) if ((mask >> (k - 1)) & 1) bound = leastStart(itemAt(lane, n - last + k - 1), bound)
  return bound
}

let bestGap: f64 = 0
let bestHigh: u32 = 0

// @ts-ignore: decorator
@inline
function offer(ends: v128, targets: v128, index: u32): void {
  const gaps = f64x2.abs(f64x2.sub(ends, targets))
  const gap = f64x2.extract_lane(f64x2.pmin(gaps, v128.shuffle<u64>(gaps, gaps, 1, 0)), 0)
  if (gap > bestGap) return
  const high = load<u32>(REVERSED + (<usize>index << 2))
  if (gap < bestGap || high < bestHigh) {
    bestGap = gap
    bestHigh = high
  }
}

/** The least gap and the smallest mask of the last items that has it: bestGap, bestHigh. */
function searchLast(n: u32, lane: u32, last: u32, sums: usize, size: u32): void {
  const targets = v128.load64_splat(TARGETS + (<usize>lane << 3))
  const items = ITEMS + (<usize>lane << 3)
  const beforeLast = v128.load64_splat(items + (<usize>(n - 2) << 5))
  const lastItem = v128.load64_splat(items + (<usize>(n - 1) << 5))
  bestGap = Infinity
  bestHigh = 0
  for (let index: u32 = 0; index < <u32>1 << last; index += 4) {
    if ((index & 7) == 0) findEnds(sums, size, BOUNDS + (<usize>index << 3))
    const ends = ENDS + (<usize>(index & 4) << 4)
    let ends0 = v128.load(ends)
    let ends1 = v128.load(ends, 16)
    let ends2 = v128.load(ends, 32)
    let ends3 = v128.load(ends, 48)
    for (let k = last - 1; k >= 2; k--) {
      const isKept = i64x2.splat(-(<i64>((index >> k) & 1)))
      const item = v128.and(v128.load64_splat(items + (<usize>(n - 1 - k) << 5)), isKept)
      ends0 = f64x2.add(ends0, item)
      ends1 = f64x2.add(ends1, item)
      ends2 = f64x2.add(ends2, item)
      ends3 = f64x2.add(ends3, item)
    }
    offer(ends0, targets, index)
    offer(f64x2.add(ends1, lastItem), targets, index + 1)
    offer(f64x2.add(ends2, beforeLast), targets, index + 2)
    offer(f64x2.add(f64x2.add(ends3, beforeLast), lastItem), targets, index + 3)
  }
}

/** Solves one lane of ITEMS and TARGETS, n from 8 to 28, to BEST_MASK and BEST_ERROR. Uses A, B and MERGED. */
export function solveRounded(n: u32, lane: u32): void {
  const first = (n + 3) >> 1
  const last = n - first
  const size: u32 = 1 << first
  const sums = sortFirstSums(lane, first)
  findBounds(n, lane, last)
  searchLast(n, lane, last, sums, size)

  // Of the first items, the smallest mask whose sum ends at an error of +-bestGap: their sums in order of the masks.
  const minus = leastFor(n, lane, last, bestHigh, -bestGap)
  const minusEnd = leastFor(n, lane, last, bestHigh, above(-bestGap))
  const plus = leastFor(n, lane, last, bestHigh, bestGap)
  const plusEnd = leastFor(n, lane, last, bestHigh, above(bestGap))
  store<f64>(MERGED, 0)
  let low: u32 = 0
  for (let k: u32 = 0; k < first; k++) {
    const item = f64x2.splat(itemAt(lane, k))
    const bytes = <usize>8 << k
    if (k == 0) store<f64>(MERGED + 8, f64x2.extract_lane(item, 0))
    else
      for (let at = MERGED; at < MERGED + bytes; at += 16) v128.store(at + bytes, f64x2.add(v128.load(at), item))
  }
  for (; low < size; low++) {
    const sum = load<f64>(MERGED + (<usize>low << 3))
    if ((sum >= minus && sum < minusEnd) || (sum >= plus && sum < plusEnd)) break
  }
  const sum = load<f64>(MERGED + (<usize>low << 3))
  store<u32>(BEST_MASK + (<usize>lane << 2), low | (bestHigh << first))
  const isMinus = bestGap > 0 && sum >= minus && sum < minusEnd // an error of 0 is +0
  store<f64>(BEST_ERROR + (<usize>lane << 3), isMinus ? -bestGap : bestGap)
}
