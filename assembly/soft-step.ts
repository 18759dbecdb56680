// Steps of a mask that is still soft: instead of 0 or 1, a weight counts by h((|score| - threshold) / temperature), h(x) = 1/2 + x / (2 sqrt(1 + x^2)).
// All arrays are float32 [count], with room to the next multiple of 4 elements.
import { adamw4 } from './adamw'

const MAGNITUDE: i32 = 0x7fffffff

/** (|score| - threshold) / temperature of four scores. */
// @ts-ignore: decorator
@inline
function place4(score: v128, threshold: v128, inverse: v128): v128 {
  return f32x4.mul(f32x4.sub(v128.and(score, i32x4.splat(MAGNITUDE)), threshold), inverse)
}

/** sqrt(1 + x^2) */
// @ts-ignore: decorator
@inline
function root4(x: v128): v128 {
  return f32x4.sqrt(f32x4.add(f32x4.splat(1), f32x4.mul(x, x)))
}

/**
 * AdamW on scores along the true gradient: dL/dW_eff * W * sign(score) * h'(x) / temperature, h'(x) = 1 / (2 (1 + x^2)^(3/2)).
 * Returns whether a score became NaN.
 */
export function updateSoftScores(
  weights: usize, gradient: usize, scores: usize, momentum: usize, variance: usize, count: u32, threshold: f32, inverse: f32,
): bool {
  const threshold4 = f32x4.splat(threshold)
  const inverse4 = f32x4.splat(inverse)
  const half4 = f32x4.splat(<f32>0.5 * inverse)
  let unordered = i32x4.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const score = v128.load(scores + at)
    const one = v128.or(v128.and(score, i32x4.splat(<i32>0x80000000)), f32x4.splat(1))
    const sign = v128.and(one, f32x4.ne(score, f32x4.splat(0)))
    const root = root4(place4(score, threshold4, inverse4))
    const slope = f32x4.div(half4, f32x4.mul(f32x4.mul(root, root), root))
    const g = f32x4.mul(f32x4.mul(f32x4.mul(v128.load(gradient + at), v128.load(weights + at)), sign), slope)
    const next = adamw4(score, g, momentum + at, variance + at)
    v128.store(scores + at, next)
    unordered = v128.or(unordered, f32x4.ne(next, next))
  }
  return v128.any_true(unordered)
}

/** Effective weights: (W * scale) * h(x). */
export function wearSoft(
  weights: usize, effective: usize, scores: usize, count: u32, threshold: f32, inverse: f32, scale: f32,
): void {
  const threshold4 = f32x4.splat(threshold)
  const inverse4 = f32x4.splat(inverse)
  const scale4 = f32x4.splat(scale)
  const half4 = f32x4.splat(0.5)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const x = place4(v128.load(scores + at), threshold4, inverse4)
    const open = f32x4.add(half4, f32x4.mul(half4, f32x4.div(x, root4(x))))
    v128.store(effective + at, f32x4.mul(f32x4.mul(v128.load(weights + at), scale4), open))
  }
}
