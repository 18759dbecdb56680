// Steps of a mask that is still soft: instead of 0 or 1, a weight counts by h((|score| - threshold) / temperature), h(x) = 1 / (1 + e^-x).
// All arrays are float32 [count], with room to the next multiple of 4 elements.
import { adamw4 } from './adamw'
import { highHalf, sum4 } from './coded-step'

const MAGNITUDE: i32 = 0x7fffffff

/** (|score| - threshold) / temperature of four scores. */
// @ts-ignore: decorator
@inline
function place4(score: v128, threshold: v128, inverse: v128): v128 {
  return f32x4.mul(f32x4.sub(v128.and(score, i32x4.splat(MAGNITUDE)), threshold), inverse)
}

/** a + b c */
// @ts-ignore: decorator
@inline
function plus4(a: f32, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.splat(a), f32x4.mul(b, c))
}

/**
 * e^-|x| of four numbers, |x| taken as 80 where it is larger: 2^(n + f) with n whole and |f| <= 1/2, 2^f by the first six terms of its Taylor series, which is within 3e-6 of it.
 */
// @ts-ignore: decorator
@inline
export function fall4(x: v128): v128 {
  const y = f32x4.mul(f32x4.min(f32x4.abs(x), f32x4.splat(80)), f32x4.splat(-1.4426950408889634))
  const n = f32x4.nearest(y)
  const f = f32x4.sub(y, n)
  let series = plus4(0.009618129107628477, f, f32x4.splat(0.0013333558146428443))
  series = plus4(0.05550410866482158, f, series)
  series = plus4(0.2402265069591007, f, series)
  series = plus4(0.6931471805599453, f, series)
  series = plus4(1, f, series)
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return f32x4.mul(series, power)
}

/** Gradient of four scores: dL/dW_eff * W * sign(score) * h'(x) / temperature, h'(x) = e^-|x| / (1 + e^-|x|)^2. */
// @ts-ignore: decorator
@inline
function scoreGradient4(weight: v128, gradient: v128, score: v128, threshold: v128, inverse: v128): v128 {
  const one = v128.or(v128.and(score, i32x4.splat(<i32>0x80000000)), f32x4.splat(1))
  const sign = v128.and(one, f32x4.ne(score, f32x4.splat(0)))
  const fall = fall4(place4(score, threshold, inverse))
  const whole = f32x4.add(f32x4.splat(1), fall)
  const slope = f32x4.div(f32x4.mul(fall, inverse), f32x4.mul(whole, whole))
  return f32x4.mul(f32x4.mul(f32x4.mul(gradient, weight), sign), slope)
}

/** AdamW on scores along `scoreGradient4`. Returns whether a score became NaN. */
export function updateSoftScores(
  weights: usize, gradient: usize, scores: usize, momentum: usize, variance: usize, count: u32, threshold: f32, inverse: f32,
): bool {
  const threshold4 = f32x4.splat(threshold)
  const inverse4 = f32x4.splat(inverse)
  let unordered = i32x4.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const score = v128.load(scores + at)
    const g = scoreGradient4(v128.load(weights + at), v128.load(gradient + at), score, threshold4, inverse4)
    const next = adamw4(score, g, momentum + at, variance + at)
    v128.store(scores + at, next)
    unordered = v128.or(unordered, f32x4.ne(next, next))
  }
  return v128.any_true(unordered)
}

/** Sum of the squares of `scoreGradient4` in float64, in the order of `dotProduct`. */
export function softGradientSquares(
  weights: usize, gradient: usize, scores: usize, count: u32, threshold: f32, inverse: f32,
): f64 {
  const threshold4 = f32x4.splat(threshold)
  const inverse4 = f32x4.splat(inverse)
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const g = scoreGradient4(
      v128.load(weights + at), v128.load(gradient + at), v128.load(scores + at), threshold4, inverse4,
    )
    const x = f64x2.promote_low_f32x4(g)
    const y = highHalf(g)
    low = f64x2.add(low, f64x2.mul(x, x))
    high = f64x2.add(high, f64x2.mul(y, y))
  }
  return sum4(low, high)
}

/** Effective weights: (W * scale) * h(x). */
export function wearSoft(
  weights: usize, effective: usize, scores: usize, count: u32, threshold: f32, inverse: f32, scale: f32,
): void {
  const threshold4 = f32x4.splat(threshold)
  const inverse4 = f32x4.splat(inverse)
  const scale4 = f32x4.splat(scale)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const x = place4(v128.load(scores + at), threshold4, inverse4)
    const fall = fall4(x)
    const part = v128.bitselect(f32x4.splat(1), fall, f32x4.ge(x, f32x4.splat(0)))
    const open = f32x4.div(part, f32x4.add(f32x4.splat(1), fall))
    v128.store(effective + at, f32x4.mul(f32x4.mul(v128.load(weights + at), scale4), open))
  }
}
