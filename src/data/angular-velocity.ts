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
  const { velocities, phases } = drawRotations(seed, stream, count)
  const inputs = new Float64Array(count * length * 2)
  for (let s = 0; s < count; s++) {
    writeRotation(inputs.subarray(s * length * 2, (s + 1) * length * 2), velocities[s], phases[s])
  }
  return { length, inputs, velocities }
}

/** Angular velocities on (-pi, pi) and phases on (0, pi), [count] each: rotation s reads deviates 2s and 2s + 1. */
export function drawRotations(
  seed: Seed,
  stream: number,
  count: number,
): { velocities: Float64Array; phases: Float64Array } {
  const deviates = uniform(seed, stream, 2 * count)
  return {
    velocities: Float64Array.from({ length: count }, (_, s) => deviates[2 * s] * Math.PI),
    phases: Float64Array.from({ length: count }, (_, s) => ((deviates[2 * s + 1] + 1) / 2) * Math.PI),
  }
}

/** Writes a sequence [T, 2] over zeros: position 0 stays (0, 0), position t is (cos(w t + p), sin(w t + p)). */
export function writeRotation(sequence: Float64Array | Float32Array, velocity: number, phase: number): void {
  for (let t = 1; 2 * t < sequence.length; t++) {
    sequence[2 * t] = Math.cos(velocity * t + phase)
    sequence[2 * t + 1] = Math.sin(velocity * t + phase)
  }
}
