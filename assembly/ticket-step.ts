// The ticket step of edge-popup: AdamW on the scores, and the masked weights, in one pass over the arrays.
//
// A mask keeps the k largest |score|. Their least is the threshold, and it moves little in a step, so the caller names a
// window of keys that it should lie in (a key is the bits of |score|, which order as the numbers do). While the scores
// are updated, weights above the window are kept and weights below it dropped at once; those inside are listed, and
// settled when the exact threshold is known. All arrays have room to the next multiple of 16 elements.
import { adamw4 } from './adamw'

const MAGNITUDE: i32 = 0x7fffffff
const INFINITY: i32 = 0x7f800000

/** u32 [3]: what the last `updateScores` found: weights above the window, weights inside it, whether a score is NaN. */
const FOUND: usize = memory.data(12, 16)

export function foundAt(): usize {
  return FOUND
}

/** Four comparisons of four lanes each as 16 bits, the first lane lowest. */
// @ts-ignore: decorator
@inline
export function bits16(a: v128, b: v128, c: v128, d: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
}

/** The 16 bits of a block that begins at `from`, without those past the end. */
// @ts-ignore: decorator
@inline
export function validBits(from: u32, count: u32): u32 {
  const left = count - from
  return left >= 16 ? 0xffff : (1 << left) - 1
}

/**
 * New scores of four weights, returned as keys. dL/dscore = dL/dW_eff * W * sign(score): the gradient of |score|.
 */
// @ts-ignore: decorator
@inline
function updateScores4(weight: v128, gradient: usize, scores: usize, momentum: usize, variance: usize): v128 {
  const score = v128.load(scores)
  const one = v128.or(v128.and(score, i32x4.splat(<i32>0x80000000)), f32x4.splat(1))
  const sign = v128.and(one, f32x4.ne(score, f32x4.splat(0)))
  const g = f32x4.mul(f32x4.mul(v128.load(gradient), weight), sign)
  const next = adamw4(score, g, momentum, variance)
  v128.store(scores, next)
  return v128.and(next, i32x4.splat(MAGNITUDE))
}

/**
 * Updates scores and moments, writes effective weights and packed mask bits with the weights inside the window dropped,
 * and lists these: their keys and indices, ascending, as far as `capacity` reaches (more are counted still).
 * float32 [count]: weights, effective, gradient, scores, momentum, variance. Window: low..high, both inclusive.
 */
export function updateScores(
  weights: usize, effective: usize, gradient: usize, scores: usize, momentum: usize, variance: usize, bits: usize,
  candidateKeys: usize, candidateIndices: usize, capacity: u32, count: u32, low: i32, high: i32,
): void {
  const below4 = i32x4.splat(low - 1)
  const high4 = i32x4.splat(high)
  const infinity4 = i32x4.splat(INFINITY)
  let unordered = i32x4.splat(0)
  let above: u32 = 0
  let candidates: u32 = 0
  for (let i: u32 = 0; i < count; i += 16) {
    const at = <usize>i << 2
    const w = weights + at
    const e = effective + at
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    const w2 = v128.load(w, 32)
    const w3 = v128.load(w, 48)
    const k0 = updateScores4(w0, gradient + at, scores + at, momentum + at, variance + at)
    const k1 = updateScores4(w1, gradient + at + 16, scores + at + 16, momentum + at + 16, variance + at + 16)
    const k2 = updateScores4(w2, gradient + at + 32, scores + at + 32, momentum + at + 32, variance + at + 32)
    const k3 = updateScores4(w3, gradient + at + 48, scores + at + 48, momentum + at + 48, variance + at + 48)
    const over0 = i32x4.gt_s(k0, high4)
    const over1 = i32x4.gt_s(k1, high4)
    const over2 = i32x4.gt_s(k2, high4)
    const over3 = i32x4.gt_s(k3, high4)
    v128.store(e, v128.and(w0, over0))
    v128.store(e, v128.and(w1, over1), 16)
    v128.store(e, v128.and(w2, over2), 32)
    v128.store(e, v128.and(w3, over3), 48)
    const kept = bits16(over0, over1, over2, over3) // keys past the end are 0: never above
    const reached = bits16(
      i32x4.gt_s(k0, below4), i32x4.gt_s(k1, below4), i32x4.gt_s(k2, below4), i32x4.gt_s(k3, below4),
    )
    store<u16>(bits + (<usize>i >> 3), <u16>kept)
    above += popcnt(kept)
    const largest = i32x4.max_s(i32x4.max_s(k0, k1), i32x4.max_s(k2, k3))
    unordered = v128.or(unordered, i32x4.gt_s(largest, infinity4)) // keys of NaN are above infinity's
    for (let inside = reached & ~kept & validBits(i, count); inside != 0; inside &= inside - 1) {
      if (candidates < capacity) {
        const index = i + ctz(inside)
        const to = <usize>candidates << 2
        store<u32>(candidateKeys + to, load<u32>(scores + (<usize>index << 2)) & MAGNITUDE)
        store<u32>(candidateIndices + to, index)
      }
      candidates++
    }
  }
  store<u32>(FOUND, above)
  store<u32>(FOUND, candidates, 4)
  store<u32>(FOUND, <u32>v128.any_true(unordered), 8)
}
