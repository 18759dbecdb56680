// Steps of matrices whose weights are k_i times a scaled random weight: latent numbers learn, integers k_i ("codes") follow from them.
// All arrays have room to the next multiple of 16 elements, and zeros there at first.
import { adamw4 } from './adamw'
import { bits16, validBits } from './ticket-step'

const MAGNITUDE: i32 = 0x7fffffff

/** Four comparisons of four lanes each as sixteen bytes, 0 or -1. */
// @ts-ignore: decorator
@inline
function bytes16(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
}

/** Four codes as floats. */
// @ts-ignore: decorator
@inline
function codes4(codes: usize): v128 {
  const wide = i16x8.extend_low_i8x16_s(v128.load32_zero(codes))
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide))
}

/**
 * AdamW on latent numbers along dL/dW_eff * W, where `isMagnitude` times the sign of the latent number too. float32 [count] each.
 * Returns whether a latent number became NaN.
 */
export function updateLatents(
  weights: usize, gradient: usize, latents: usize, momentum: usize, variance: usize, count: u32, isMagnitude: bool,
): bool {
  let unordered = i32x4.splat(0)
  const all = i32x4.splat(isMagnitude ? 0 : -1)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const latent = v128.load(latents + at)
    const one = v128.or(v128.and(latent, i32x4.splat(<i32>0x80000000)), f32x4.splat(1))
    const sign = v128.and(one, f32x4.ne(latent, f32x4.splat(0)))
    const factor = v128.bitselect(f32x4.splat(1), sign, all)
    const g = f32x4.mul(f32x4.mul(v128.load(gradient + at), v128.load(weights + at)), factor)
    const next = adamw4(latent, g, momentum + at, variance + at)
    v128.store(latents + at, next)
    unordered = v128.or(unordered, f32x4.ne(next, next))
  }
  return v128.any_true(unordered)
}

/**
 * Adds 1 to the codes whose |score| has a key above the threshold, and to the first `ties` of those equal to it. Scores float32 [count], codes
 * int8 [count]. Returns how many of the ties are left.
 */
export function raiseCodes(scores: usize, codes: usize, count: u32, threshold: i32, ties: u32): u32 {
  const threshold4 = i32x4.splat(threshold)
  const magnitude4 = i32x4.splat(MAGNITUDE)
  for (let i: u32 = 0; i < count; i += 16) {
    const at = scores + (<usize>i << 2)
    const k0 = v128.and(v128.load(at), magnitude4)
    const k1 = v128.and(v128.load(at, 16), magnitude4)
    const k2 = v128.and(v128.load(at, 32), magnitude4)
    const k3 = v128.and(v128.load(at, 48), magnitude4)
    const over = bytes16(
      i32x4.gt_s(k0, threshold4), i32x4.gt_s(k1, threshold4), i32x4.gt_s(k2, threshold4), i32x4.gt_s(k3, threshold4),
    )
    v128.store(codes + i, i8x16.sub(v128.load(codes + i), over))
    let equal = bits16(
      i32x4.eq(k0, threshold4), i32x4.eq(k1, threshold4), i32x4.eq(k2, threshold4), i32x4.eq(k3, threshold4),
    ) & validBits(i, count)
    for (; equal != 0 && ties != 0; equal &= equal - 1, ties--) {
      const to = codes + i + ctz(equal)
      store<i8>(to, load<i8>(to) + 1)
    }
  }
  return ties
}

/** Negates the codes whose score is below 0. Scores float32 [count], codes int8 [count]. */
export function signCodes(scores: usize, codes: usize, count: u32): void {
  const zero = i32x4.splat(0)
  for (let i: u32 = 0; i < count; i += 16) {
    const at = scores + (<usize>i << 2)
    const negative = bytes16(
      i32x4.lt_s(v128.load(at), zero), i32x4.lt_s(v128.load(at, 16), zero),
      i32x4.lt_s(v128.load(at, 32), zero), i32x4.lt_s(v128.load(at, 48), zero),
    )
    v128.store(codes + i, i8x16.sub(v128.xor(v128.load(codes + i), negative), negative))
  }
}

/** Codes of four values: see `quantise`. */
// @ts-ignore: decorator
@inline
function quantise4(at: usize, inverse: v128, low: v128, high: v128, isEven: bool): v128 {
  const scaled = f32x4.mul(v128.load(at), inverse)
  const whole = i32x4.trunc_sat_f32x4_s(isEven ? f32x4.floor(scaled) : f32x4.nearest(scaled))
  const inside = i32x4.max_s(low, i32x4.min_s(high, whole))
  return isEven ? i32x4.add(i32x4.shl(inside, 1), i32x4.splat(1)) : inside
}

/**
 * Codes of a uniform quantiser. With x = value * inverse, rounded once to float32, a code is the nearest integer to x, ties to even, from `least`
 * to `most`; where `isEven`, it is 2 y + 1 with y = floor(x) from `least` to `most`. Where `isRelative`, codes are those times the sign of the
 * weight beside them. Values and weights float32 [count], codes int8 [count].
 */
export function quantise(
  values: usize, weights: usize, codes: usize, count: u32, inverse: f32, least: i32, most: i32, isEven: bool,
  isRelative: bool,
): void {
  const high = i32x4.splat(most)
  const low = i32x4.splat(least)
  const relative = i32x4.splat(isRelative ? -1 : 0)
  const inverse4 = f32x4.splat(inverse)
  const zero = i32x4.splat(0)
  for (let i: u32 = 0; i < count; i += 16) {
    const at = values + (<usize>i << 2)
    const w = weights + (<usize>i << 2)
    const found = bytes16(
      quantise4(at, inverse4, low, high, isEven), quantise4(at + 16, inverse4, low, high, isEven),
      quantise4(at + 32, inverse4, low, high, isEven), quantise4(at + 48, inverse4, low, high, isEven),
    )
    const negative = bytes16(
      i32x4.lt_s(v128.load(w), zero), i32x4.lt_s(v128.load(w, 16), zero),
      i32x4.lt_s(v128.load(w, 32), zero), i32x4.lt_s(v128.load(w, 48), zero),
    )
    const flipped = v128.and(negative, relative)
    v128.store(codes + i, i8x16.sub(v128.xor(found, flipped), flipped))
  }
}

/** Effective weights: (W * scale) * code, each product rounded to float32; +0 where the code is 0. */
export function wearCodes(weights: usize, effective: usize, codes: usize, count: u32, scale: f32): void {
  const scale4 = f32x4.splat(scale)
  const zero = f32x4.splat(0)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = <usize>i << 2
    const code = codes4(codes + i)
    const worn = f32x4.mul(f32x4.mul(v128.load(weights + at), scale4), code)
    v128.store(effective + at, v128.and(worn, f32x4.ne(code, zero)))
  }
}

/** How many codes differ. int8 [count] each. */
export function countChanged(a: usize, b: usize, count: u32): u32 {
  let total: u32 = 0
  for (let i: u32 = 0; i < count; i += 16) {
    total += popcnt(<u32>i8x16.bitmask(i8x16.ne(v128.load(a + i), v128.load(b + i))) & validBits(i, count))
  }
  return total
}

/** Multiplies values by a scale, in place. float32 [count]. */
export function scaleValues(values: usize, count: u32, scale: f32): void {
  const scale4 = f32x4.splat(scale)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) v128.store(values + at, f32x4.mul(v128.load(values + at), scale4))
}

/** Gives every value that is not 0 this magnitude, and leaves its sign. float32 [count]. */
export function setMagnitudes(values: usize, count: u32, magnitude: f32): void {
  const magnitude4 = f32x4.splat(magnitude)
  const sign4 = i32x4.splat(<i32>0x80000000)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const value = v128.load(values + at)
    const signed = v128.or(v128.and(value, sign4), magnitude4)
    v128.store(values + at, v128.and(signed, f32x4.ne(value, f32x4.splat(0))))
  }
}

/** Sums of the lanes in one order: (0 + 1) + (2 + 3). */
// @ts-ignore: decorator
@inline
export function sum4(low: v128, high: v128): f64 {
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
}

/** The upper two of four floats as float64. */
// @ts-ignore: decorator
@inline
export function highHalf(values: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u32>(values, values, 2, 3, 0, 1))
}

/** Sum of a_i b_i in float64: four sums, of the indices that leave 0, 1, 2 and 3 when divided by 4, are added as (0 + 1) + (2 + 3). float32 [count] each. */
export function dotProduct(a: usize, b: usize, count: u32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const x = v128.load(a + at)
    const y = v128.load(b + at)
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)))
    high = f64x2.add(high, f64x2.mul(highHalf(x), highHalf(y)))
  }
  return sum4(low, high)
}

/** Sum of |a_i| in float64, in the order of `dotProduct`. float32 [count]. */
export function sumMagnitudes(values: usize, count: u32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const x = f32x4.abs(v128.load(values + at))
    low = f64x2.add(low, f64x2.promote_low_f32x4(x))
    high = f64x2.add(high, highHalf(x))
  }
  return sum4(low, high)
}
