/** AdamW: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (ICLR 2019), algorithm 2. */

/** The settings of one step. */
export interface AdamW {
  /** Learning rate of this step, >= 0. */
  readonly learningRate: number
  /** Decay of the first moment, 0 <= beta1 < 1. */
  readonly beta1: number
  /** Decay of the second moment, 0 <= beta2 < 1. */
  readonly beta2: number
  /** Added to the denominator, > 0 in float32. */
  readonly epsilon: number
  /** Decoupled weight decay, >= 0; a parameter loses learningRate * weightDecay of itself a step. */
  readonly weightDecay: number
  /** Number of this step, an integer from 1. */
  readonly step: number
}

/**
 * The factors of a step, computed in float64 and rounded once to float32. With gradient g and all operations in float32,
 * left to right, the parameter p and its moments m and v become
 *
 *     m = beta1 * m + gain1 * g
 *     v = beta2 * v + gain2 * g * g
 *     p = p * decay - stepSize * m / (sqrt(v) / root + epsilon)
 */
export interface AdamWFactors {
  /** 1 - learningRate * weightDecay */
  readonly decay: number
  readonly beta1: number
  /** 1 - beta1 */
  readonly gain1: number
  readonly beta2: number
  /** 1 - beta2 */
  readonly gain2: number
  /** learningRate / (1 - beta1^step) */
  readonly stepSize: number
  /** sqrt(1 - beta2^step) */
  readonly root: number
  readonly epsilon: number
}

/** Checks a step's settings and gives its factors. @throws TypeError for a non-number, RangeError outside the ranges */
export function adamwFactors(adamw: AdamW): AdamWFactors {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = adamw
  check('learningRate', learningRate, learningRate >= 0 && learningRate < Infinity, '0 <= learningRate < infinity')
  check('beta1', beta1, beta1 >= 0 && Math.fround(beta1) < 1, '0 <= beta1 < 1 in float32')
  check('beta2', beta2, beta2 >= 0 && Math.fround(beta2) < 1, '0 <= beta2 < 1 in float32')
  check('epsilon', epsilon, Math.fround(epsilon) > 0 && epsilon < Infinity, 'float32 epsilon > 0')
  check('weightDecay', weightDecay, weightDecay >= 0 && weightDecay < Infinity, '0 <= weightDecay < infinity')
  check('step', step, Number.isSafeInteger(step) && step >= 1, 'an integer >= 1')
  return {
    decay: Math.fround(1 - learningRate * weightDecay),
    beta1: Math.fround(beta1),
    gain1: Math.fround(1 - beta1),
    beta2: Math.fround(beta2),
    gain2: Math.fround(1 - beta2),
    stepSize: Math.fround(learningRate / (1 - beta1 ** step)),
    root: Math.fround(Math.sqrt(1 - beta2 ** step)),
    epsilon: Math.fround(epsilon),
  }
}

function check(name: string, value: number, isGood: boolean, expected: string): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
  if (!isGood) throw new RangeError(`"${name}" expected ${expected}, got ${value}`)
}
