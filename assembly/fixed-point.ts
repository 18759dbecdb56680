// Step 1 of subset-sum.ts: four problems in 32-bit fixed point, and how far its roundings can mislead.
import { BEST_ERROR, FULL, ITEMS, REACHABLE, SIGNED, SIZES, SLACK, TARGET2, TARGETS } from './workspace'

/** Sums of magnitudes outside these, and targets further off than `FAR` times their sum, are not what fixed point stands for. */
const LEAST: f64 = 1.4996968138956309e-241 // 2^-800
const MOST: f64 = 6.668014432879854e240 // 2^800
const FAR: f64 = 65536

/** Whether fixed point stands for the problems of two lanes (all bits of a lane set): neither all zero nor extreme. */
// @ts-ignore: decorator
@inline
function isPlain(total: v128, target: v128): v128 {
  const sized = v128.and(f64x2.ge(total, f64x2.splat(LEAST)), f64x2.le(total, f64x2.splat(MOST)))
  return v128.and(sized, f64x2.le(f64x2.abs(target), f64x2.mul(f64x2.splat(FAR), total)))
}

/**
 * Fixed point, reach, centred target and search slack of each lane. Returns the lanes whose results may be used, a bit each;
 * of the others only REACHABLE holds.
 */
export function prepare(n: u32): u32 {
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
  const total01 = f64x2.sub(high01, low01)
  const total23 = f64x2.sub(high23, low23)
  const scale01 = f64x2.div(full, total01)
  const scale23 = f64x2.div(full, total23)
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
  return <u32>(i64x2.bitmask(isPlain(total01, t01)) | (i64x2.bitmask(isPlain(total23, t23)) << 2))
}
