// AdamW (Loshchilov and Hutter 2019) in float32, in the order of operations that src/search/adamw-reference.ts defines.

// The factors of the coming calls, rounded to float32 once by the caller.
let decay: f32 = 1 // 1 - learningRate * weightDecay
let beta1: f32 = 0
let gain1: f32 = 1 // 1 - beta1
let beta2: f32 = 0
let gain2: f32 = 1 // 1 - beta2
let stepSize: f32 = 0 // learningRate / (1 - beta1^t)
let root: f32 = 1 // sqrt(1 - beta2^t)
let epsilon: f32 = 1

export function setAdamW(
  newDecay: f32, newBeta1: f32, newGain1: f32, newBeta2: f32, newGain2: f32, newStepSize: f32, newRoot: f32,
  newEpsilon: f32,
): void {
  decay = newDecay
  beta1 = newBeta1
  gain1 = newGain1
  beta2 = newBeta2
  gain2 = newGain2
  stepSize = newStepSize
  root = newRoot
  epsilon = newEpsilon
}

/** One AdamW step of four parameters with gradient `g`; the moments are read and written where they lie. */
// @ts-ignore: decorator
@inline
export function adamw4(parameters: v128, g: v128, momentum: usize, variance: usize): v128 {
  const m = f32x4.add(
    f32x4.mul(f32x4.splat(beta1), v128.load(momentum)),
    f32x4.mul(f32x4.splat(gain1), g),
  )
  const v = f32x4.add(
    f32x4.mul(f32x4.splat(beta2), v128.load(variance)),
    f32x4.mul(f32x4.mul(f32x4.splat(gain2), g), g),
  )
  v128.store(momentum, m)
  v128.store(variance, v)
  const denominator = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(root)), f32x4.splat(epsilon))
  return f32x4.sub(
    f32x4.mul(parameters, f32x4.splat(decay)),
    f32x4.div(f32x4.mul(f32x4.splat(stepSize), m), denominator),
  )
}

/**
 * AdamW on the parameters themselves: float32 [count] each, with room to the next multiple of 4.
 * Returns whether a parameter became NaN.
 */
export function updateDense(
  parameters: usize, gradient: usize, momentum: usize, variance: usize, count: u32,
): bool {
  let unordered = i32x4.splat(0)
  const end = <usize>((count + 3) & ~3) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const next = adamw4(v128.load(parameters + at), v128.load(gradient + at), momentum + at, variance + at)
    v128.store(parameters + at, next)
    unordered = v128.or(unordered, f32x4.ne(next, next))
  }
  return v128.any_true(unordered)
}
