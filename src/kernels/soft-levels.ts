/** Pieces of a step of learned levels that are still soft: what differentiable soft quantisation does between two levels (Gong et al., ICCV 2019, equations 3 to 6). */
import type { AdamW } from './adamw.js'
import type { CodedMemory } from './parameter-memory.js'
import { setAdamW } from './ticket-step.js'

/** How the levels of a matrix lie, and how soft they are. */
export interface SoftLevels {
  /** Of two levels, float32 > 0. */
  readonly distance: number
  /** An integer from 2 to 255. */
  readonly levels: number
  /** In units of the distance, > 0: near 0 levels are hard, from 1 on they are hardly felt. */
  readonly temperature: number
}

/**
 * One step of AdamW on the latent numbers along dL/dW_eff * q'(latent / distance), reading `gradient`; q is that of {@link wearSoftLevels}. The learned
 * scale is no part of it.
 * @throws RangeError naming the matrix when a latent number becomes NaN
 */
export function moveSoftLevels(
  matrices: readonly CodedMemory[],
  softness: (name: string) => SoftLevels,
  adamw: AdamW,
): void {
  for (const kernels of new Set(matrices.map((matrix) => matrix.kernels))) setAdamW(kernels, adamw)
  for (const { name, kernels, gradient, latents, momentum, variance, count } of matrices) {
    const arrays = [latents, gradient, momentum, variance].map(({ byteOffset }) => byteOffset)
    if (!kernels.exports.updateSoftLevels(...arrays, count, ...numbersOf(softness(name)))) continue
    const index = kernels.exports.findNaN(latents.byteOffset, count)
    throw new RangeError(`"latents" of ${name} expected numbers, got NaN at index ${index}`)
  }
}

/** Sum of the squares of the gradients that {@link moveSoftLevels} moves along, in float64; to be called before it. */
export function softLevelSquares({ gradient, latents }: CodedMemory, softness: SoftLevels): number {
  const [inverseDistance, shift, low, high, inverse, norm] = numbersOf(softness)
  let squares = 0
  for (let i = 0; i < latents.length; i++) {
    const y = latents[i] * inverseDistance - shift
    if (y < low || y > high) continue
    const u = y - Math.min(Math.floor(y), high - 1) - 0.5
    const fall = Math.exp(-Math.abs(u * inverse))
    const g = (gradient[i] * norm * inverse * fall) / (1 + fall) ** 2
    squares += g * g
  }
  return squares
}

/**
 * Effective weights q(latent / distance) * distance * scale. Between two levels n and n + 1, u from the middle, q is n + 1/2 + tanh(u / 2T) / (2 tanh(1 / 4T)), T the
 * temperature; outside it is the outermost level.
 * @param scale float32
 */
export function wearSoftLevels(
  { kernels, latents, effective, count }: CodedMemory,
  softness: SoftLevels,
  scale: number,
): void {
  const arrays = [latents, effective].map(({ byteOffset }) => byteOffset)
  kernels.exports.wearSoftLevels(...arrays, count, ...numbersOf(softness), Math.fround(softness.distance * scale))
}

/** An even number of levels lies in the middle between whole numbers. */
function numbersOf({ distance, levels, temperature }: SoftLevels): number[] {
  const isEven = levels % 2 === 0
  const most = levels >> 1
  return [
    1 / distance,
    isEven ? 0.5 : 0,
    -most,
    isEven ? most - 1 : most,
    1 / temperature,
    1 / Math.tanh(1 / (4 * temperature)),
  ]
}
