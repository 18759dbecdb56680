// Steps of levels that are still soft. Between the levels n and n + 1 a number y counts by n + 1/2 + tanh(u / 2T) / (2 tanh(1 / 4T)) with u = y - n - 1/2: the level itself
// at both ends, nearly y where T is large, a hard step at the middle where T is small. All arrays are float32 [count], with room to the next multiple of 4 elements.
import { adamw4 } from './adamw'
import { fall4 } from './soft-step'

/** Places of four numbers among the levels, in units of their distance. */
// @ts-ignore: decorator
@inline
function level4(latent: v128, inverseDistance: v128, shift: v128): v128 {
  return f32x4.sub(f32x4.mul(latent, inverseDistance), shift)
}

/** The level below, and at most the last but one. */
// @ts-ignore: decorator
@inline
function below4(y: v128, low: v128, high: v128): v128 {
  return f32x4.max(low, f32x4.min(f32x4.floor(y), f32x4.sub(high, f32x4.splat(1))))
}

/**
 * AdamW on latent numbers along dL/dW_eff * dq/dy, dq/dy = norm * inverse * e / (1 + e)^2 with e = e^-|u * inverse|; 0 outside the levels.
 * `inverse` is 1 / T, `norm` 1 / tanh(1 / 4T). Returns whether a number became NaN.
 */
export function updateSoftLevels(
  latents: usize, gradient: usize, momentum: usize, variance: usize, count: u32,
  inverseDistance: f32, shift: f32, low: f32, high: f32, inverse: f32, norm: f32,
): bool {
  const low4 = f32x4.splat(low)
  const high4 = f32x4.splat(high)
  const steep = f32x4.splat(norm * inverse)
  let unordered = i32x4.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const latent = v128.load(latents + at)
    const y = level4(latent, f32x4.splat(inverseDistance), f32x4.splat(shift))
    const u = f32x4.sub(f32x4.sub(y, below4(y, low4, high4)), f32x4.splat(0.5))
    const fall = fall4(f32x4.mul(u, f32x4.splat(inverse)))
    const whole = f32x4.add(f32x4.splat(1), fall)
    const slope = f32x4.div(f32x4.mul(fall, steep), f32x4.mul(whole, whole))
    const inside = v128.and(f32x4.ge(y, low4), f32x4.le(y, high4))
    const g = f32x4.mul(v128.load(gradient + at), v128.and(slope, inside))
    const next = adamw4(latent, g, momentum + at, variance + at)
    v128.store(latents + at, next)
    unordered = v128.or(unordered, f32x4.ne(next, next))
  }
  return v128.any_true(unordered)
}

/** Effective weights: (q(y) + shift) * scale, q being the lowest or highest level outside of them. */
export function wearSoftLevels(
  latents: usize, effective: usize, count: u32,
  inverseDistance: f32, shift: f32, low: f32, high: f32, inverse: f32, norm: f32, scale: f32,
): void {
  const low4 = f32x4.splat(low)
  const high4 = f32x4.splat(high)
  const half = f32x4.splat(0.5)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const whole = level4(v128.load(latents + at), f32x4.splat(inverseDistance), f32x4.splat(shift))
    const y = f32x4.max(low4, f32x4.min(whole, high4))
    const below = below4(y, low4, high4)
    const u = f32x4.sub(f32x4.sub(y, below), half)
    const fall = fall4(f32x4.mul(u, f32x4.splat(inverse)))
    const size = f32x4.div(f32x4.sub(f32x4.splat(1), fall), f32x4.add(f32x4.splat(1), fall)) // tanh(|u| / 2T)
    const tanh = v128.or(size, v128.and(u, i32x4.splat(<i32>0x80000000)))
    const part = f32x4.add(half, f32x4.mul(f32x4.mul(tanh, f32x4.splat(norm)), half))
    const q = f32x4.add(f32x4.add(below, part), f32x4.splat(shift))
    v128.store(effective + at, f32x4.mul(q, f32x4.splat(scale)))
  }
}
