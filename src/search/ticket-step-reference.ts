/**
 * The readable rung of the ladder: the ticket step in plain TypeScript, each float32 operation rounded where it stands.
 * The kernels are held to its bits.
 */
import {
  type AdamW,
  type AdamWFactors,
  adamwFactors,
  keptOf,
  type TicketOptions,
  type TicketStep,
} from '../kernels/index.js'
import { countOnes, getBit, keepTopK, packedBytes } from '../mask/index.js'

const f32 = Math.fround

/** The arrays of one matrix, float32 [count] each. */
export interface TicketArrays {
  readonly name: string
  readonly weights: Float32Array
  readonly effective: Float32Array
  readonly gradient: Float32Array
  readonly scores: Float32Array
  readonly momentum: Float32Array
  readonly variance: Float32Array
}

/** Parameters trained by their own values, float32 [count] each. */
export type DenseArrays = Pick<TicketArrays, 'name' | 'effective' | 'gradient' | 'momentum' | 'variance'>

/** The value of parameter `i` after one AdamW step with gradient `g`; its moments are updated in place. */
function adamw(
  factors: AdamWFactors,
  { momentum, variance }: Pick<TicketArrays, 'momentum' | 'variance'>,
  i: number,
  parameter: number,
  g: number,
): number {
  const { decay, beta1, gain1, beta2, gain2, stepSize, root, epsilon } = factors
  const m = f32(f32(beta1 * momentum[i]) + f32(gain1 * g))
  const v = f32(f32(beta2 * variance[i]) + f32(f32(gain2 * g) * g))
  momentum[i] = m
  variance[i] = v
  const denominator = f32(f32(f32(Math.sqrt(v)) / root) + epsilon)
  return f32(f32(parameter * decay) - f32(f32(stepSize * m) / denominator))
}

/** As `createDenseStep`, on any arrays. */
export function createReferenceDenseStep(parameters: readonly DenseArrays[]): { update(settings: AdamW): void } {
  return {
    update(settings) {
      const factors = adamwFactors(settings)
      for (const arrays of parameters) {
        const { name, effective, gradient } = arrays
        for (let i = 0; i < effective.length; i++) effective[i] = adamw(factors, arrays, i, effective[i], gradient[i])
        const index = effective.findIndex(Number.isNaN)
        if (index >= 0) throw new RangeError(`"${name}" expected numbers, got NaN at index ${index}`)
      }
    },
  }
}

/** As `createTicketStep`, on any arrays. */
export function createReferenceTicketStep(matrices: readonly TicketArrays[], options: TicketOptions): TicketStep {
  const masks = new Map(matrices.map(({ name, weights }) => [name, new Uint8Array(packedBytes(weights.length))]))
  const groups = options.selection === 'global' ? [matrices] : matrices.map((matrix) => [matrix])
  let flips = 0

  const maskOf = (name: string): Uint8Array => {
    const mask = masks.get(name)
    if (mask === undefined) throw new RangeError(`"name" expected a matrix with a mask, got ${name}`)
    return mask
  }

  const select = () => {
    flips = 0
    for (const group of groups) {
      const magnitudes = magnitudesOf(group)
      const kept = keepTopK(
        magnitudes,
        keptOf(
          group.map(({ name, weights }) => ({ name, count: weights.length })),
          options,
        ),
      )
      let from = 0
      for (const { name, weights, effective } of group) {
        const mask = maskOf(name)
        for (let i = 0; i < weights.length; i++) {
          const bit = getBit(kept, from + i)
          effective[i] = bit ? weights[i] : 0
          if (bit === getBit(mask, i)) continue
          mask[i >>> 3] ^= 1 << (i & 7)
          flips++
        }
        from += weights.length
      }
    }
  }

  return {
    update(settings) {
      const factors = adamwFactors(settings)
      for (const arrays of matrices) {
        const { weights, gradient, scores } = arrays
        for (let i = 0; i < scores.length; i++) {
          const g = f32(f32(gradient[i] * weights[i]) * Math.sign(scores[i]))
          scores[i] = adamw(factors, arrays, i, scores[i], g)
        }
      }
      select()
    },
    select,
    mask: (name) => maskOf(name).slice(),
    kept: (name) => countOnes(maskOf(name)),
    changed: () => flips,
  }
}

/** |score| of the matrices, one after the other. */
function magnitudesOf(group: readonly TicketArrays[]): Float32Array {
  const magnitudes = new Float32Array(group.reduce((sum, { scores }) => sum + scores.length, 0))
  let at = 0
  for (const { name, scores } of group) {
    const index = scores.findIndex(Number.isNaN)
    if (index >= 0) throw new RangeError(`"scores" of ${name} expected numbers, got NaN at index ${index}`)
    for (const score of scores) magnitudes[at++] = Math.abs(score)
  }
  return magnitudes
}
