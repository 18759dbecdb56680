/**
 * The paper's synthetic task: predict the angular velocity w of `x_t = (cos(w t + p), sin(w t + p))`, w ~ U(-pi, pi),
 * p ~ U(0, pi), t = 1, 2, ... A regression token, initialised to zero, stands first; its output predicts w.
 */
import { type Seed, uniform } from '../random/index.js'

/** Sequences of one length. */
export interface AngularVelocity {
  /** Positions a sequence has, the regression token included: T. */
  length: number
  /** Inputs, [count, length, 2]; position 0 is (0, 0). */
  inputs: Float64Array
  /** Angular velocities w in radians a step, on (-pi, pi), [count]. */
  velocities: Float64Array
}

/**
 * Sequence s reads deviates 2s (w) and 2s + 1 (p) of the stream, so the same seed gives the same rotations at any
 * length and count.
 *
 * @param options.stream integer in 0..2^53-1, default 0
 * @param options.count sequences, integer >= 1
 * @param options.length positions with the regression token, integer >= 1
 */
export function generateAngularVelocity(options: {
  seed: Seed
  stream?: number
  count: number
  length: number
}): AngularVelocity {
  const { seed, stream = 0, count, length } = options
  for (const [name, value] of Object.entries({ count, length }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`"${name}" expected an integer >= 1, got ${value}`)
  const deviates = uniform(seed, stream, 2 * count)
  const inputs = new Float64Array(count * length * 2)
  const velocities = new Float64Array(count)
  for (let s = 0; s < count; s++) {
    const velocity = deviates[2 * s] * Math.PI
    const phase = ((deviates[2 * s + 1] + 1) / 2) * Math.PI
    velocities[s] = velocity
    for (let t = 1; t < length; t++) {
      const at = (s * length + t) * 2
      inputs[at] = Math.cos(velocity * t + phase)
      inputs[at + 1] = Math.sin(velocity * t + phase)
    }
  }
  return { length, inputs, velocities }
}
