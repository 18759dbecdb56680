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
// 4. Where many pairs are that close (equal items, one giant among dwarfs), or fixed point does not stand for a problem, the
//    lane is solved by rounded-search.ts, whose time is the same for any items.
import { prepare } from './fixed-point'
import { sortHalfSums } from './half-sums'
import { judge, judgeAround, merged } from './judge'
import { mergeHalves, nearestPairs } from './nearest-pairs'
import { solveRounded } from './rounded-search'
import { A, B, BEST_ERROR, BEST_MASK, BUDGETS, CHUNKS, GAPS, ITEMS, LIMITS, REACHABLE, SIZES, SLACK, TARGETS } from './workspace'

/**
 * What step 3 may cost a lane, in steps of its loops, before step 4 takes the lane over: about the time of steps 1 and 2. Beyond 25
 * items the sums lie so close in fixed point that every problem has near ties. Problems of Lemma 4's items that step 4 took over:
 * 0 of 1,000,000 with 16 items, 0 of 100,000 with 22, 19 of 50,000 with 24, 0 of 10,000 with 28.
 */
// @ts-ignore: decorator
@inline
function budgetOf(n: u32): u32 {
  return 128 + (1 << (((n + 1) >> 1) + <u32>max<i32>(0, <i32>n - 25)))
}

/** Solves the four problems in ITEMS and TARGETS; lanes outside `active` are not looked up. */
function solve4(n: u32, active: u32): void {
  let open = prepare(n) & active
  const halfA = (n + 1) >> 1
  const q: u32 = 1 << (halfA - 1)
  sortHalfSums(SIZES, halfA, A)
  sortHalfSums(SIZES + (<usize>halfA << 4), n - halfA, B)
  mergeHalves(q, (n & 1) == 1)
  nearestPairs(q)

  const limits = i32x4.add(v128.load(GAPS), v128.load(SLACK))
  v128.store(LIMITS, limits)
  v128.store(BUDGETS, i32x4.splat(budgetOf(n)))
  // The parity of a is that of the sum of the first half's items.
  let parity = i32x4.splat(0)
  for (let k: usize = 0; k < halfA; k++) parity = v128.xor(parity, v128.load(SIZES + (k << 4)))
  const parities = i32x4.bitmask(i32x4.shl(parity, 31))
  const chunks = q >> 1
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    let flagged = i32x4.bitmask(i32x4.le_s(v128.load(CHUNKS + (<usize>chunk << 4)), limits)) & open
    for (; flagged != 0; flagged &= flagged - 1) {
      const lane = <u32>ctz(flagged)
      const limit = load<i32>(LIMITS + (<usize>lane << 2)) & 0x7fffffff
      let budget = load<u32>(BUDGETS + (<usize>lane << 2))
      for (let c = chunk << 3; c < (chunk << 3) + 8 && c + 1 < q << 2; c++) {
        const difference = merged(c + 1, lane) - merged(c, lane)
        if ((difference & 1) == 0 || difference > limit) continue
        const work = judgeAround(n, halfA, lane, c, q << 2, limit, <i32>((parities >> lane) & 1), budget)
        if (work > budget) {
          open &= ~(<u32>1 << lane)
          break
        }
        budget -= work
      }
      store<u32>(BUDGETS + (<usize>lane << 2), budget)
    }
  }
  for (let left = active & ~open; left != 0; left &= left - 1) solveRounded(n, <u32>ctz(left))
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
 * Solves `count` problems of `n` items (1 to 28).
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
