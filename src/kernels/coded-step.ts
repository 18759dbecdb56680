/** Pieces of a step on coded matrices: latent numbers move, integers (codes) follow from them, effective weights from the integers. */
import type { AdamW } from './adamw.js'
import type { CodedMemory, MatrixMemory } from './parameter-memory.js'
import { thresholdOf } from './threshold.js'
import { setAdamW } from './ticket-step.js'

/** Matrices that share thresholds. */
export interface CoatGroup {
  readonly matrices: readonly CodedMemory[]
  /** How many weights wear each coat: integers that do not grow, each at most the number of weights. 0: none. */
  readonly worn: readonly number[]
}

/**
 * One step of AdamW on the latent numbers along dL/dlatent = dL/dW_eff times a factor, reading `gradient`:
 * - `value`: 1, a straight-through estimator of the effective weight itself;
 * - `signed`: the random weight W, that of a factor of W which may be negative;
 * - `magnitude`: W * sign(latent) (sign 0 is 0), that of a factor of W which grows with |latent|.
 * @throws RangeError naming the matrix when a latent number becomes NaN
 */
export function moveLatents(
  matrices: readonly CodedMemory[],
  along: 'value' | 'signed' | 'magnitude',
  adamw: AdamW,
): void {
  for (const kernels of new Set(matrices.map((matrix) => matrix.kernels))) setAdamW(kernels, adamw)
  for (const { name, kernels, weights, gradient, latents, momentum, variance, count } of matrices) {
    const moved = [latents, momentum, variance].map(({ byteOffset }) => byteOffset)
    const hasNaN =
      along === 'value'
        ? kernels.exports.updateDense(moved[0], gradient.byteOffset, moved[1], moved[2], count)
        : kernels.exports.updateLatents(
            weights.byteOffset,
            gradient.byteOffset,
            ...moved,
            count,
            Number(along === 'magnitude'),
          )
    if (!hasNaN) continue
    const index = kernels.exports.findNaN(latents.byteOffset, count)
    throw new RangeError(`"latents" of ${name} expected numbers, got NaN at index ${index}`)
  }
}

/**
 * Codes from scores: the number of coats that a weight wears. Coat j is worn by the weights with the `worn[j]` largest |score|; of equal ones by those
 * of the earlier matrix, and there of the lower index. So coats nest.
 * @param newest which of the two arrays of codes is written
 * @param isSigned whether codes have the signs of the scores
 */
export function selectCoats({ matrices, worn }: CoatGroup, newest: 0 | 1, isSigned: boolean): void {
  for (const { codes } of matrices) codes[newest].fill(0)
  const scores = matrices.map(({ kernels, latents, count }) => ({ kernels, address: latents.byteOffset, count }))
  for (const count of worn) {
    if (count === 0) break
    const threshold = thresholdOf(scores, count)
    let { ties } = threshold
    for (const { kernels, latents, codes, count: all } of matrices) {
      ties = kernels.exports.raiseCodes(latents.byteOffset, codes[newest].byteOffset, all, threshold.key, ties)
    }
  }
  if (!isSigned) return
  for (const { kernels, latents, codes, count } of matrices) {
    kernels.exports.signCodes(latents.byteOffset, codes[newest].byteOffset, count)
  }
}

/**
 * Codes 1 for the largest numbers, 0 elsewhere; of equal numbers those of the lower index are kept.
 * @param numbers float32 [count] >= 0, in the memory of the matrix
 * @param kept an integer from 1 to count
 */
export function keepLargest(
  { kernels, codes, count }: CodedMemory,
  { byteOffset: address }: Float32Array,
  newest: 0 | 1,
  kept: number,
): void {
  codes[newest].fill(0)
  const { key, ties } = thresholdOf([{ kernels, address, count }], kept)
  kernels.exports.raiseCodes(address, codes[newest].byteOffset, count, key, ties)
}

/**
 * Codes of a uniform quantiser, relative to the signs of the random weights. With x = latent / distance in float32, an odd number of levels rounds x
 * to the nearest of -(levels-1)/2..(levels-1)/2 (ties to even); an even one gives 2 floor(x) + 1, from -(levels-1) to levels-1.
 * @param distance of two levels, float32 > 0
 * @param levels an integer from 2 to 255
 */
export function quantiseValues(
  { kernels, weights, latents, codes, count }: CodedMemory,
  newest: 0 | 1,
  distance: number,
  levels: number,
): void {
  const isEven = levels % 2 === 0
  const most = levels >> 1
  kernels.exports.quantise(
    ...addresses(latents, weights, codes[newest]),
    ...[count, 1 / distance, -most, isEven ? most - 1 : most, Number(isEven), 1],
  )
}

/**
 * Codes of a uniform quantiser of scores, from 0 on: the nearest integer to score / distance in float32 (ties to even), from 0 to `most`.
 * @param distance float32 > 0
 * @param most an integer from 1 to 127
 */
export function quantiseScores(
  { kernels, weights, latents, codes, count }: CodedMemory,
  newest: 0 | 1,
  distance: number,
  most: number,
): void {
  kernels.exports.quantise(...addresses(latents, weights, codes[newest]), ...[count, 1 / distance, 0, most, 0, 0])
}

const addresses = (...arrays: readonly (Float32Array | Int8Array)[]): number[] =>
  arrays.map(({ byteOffset }) => byteOffset)

/**
 * Effective weights from codes: float32(float32(W * scale) * code), and 0 where the code is 0.
 * @param scale float32
 */
export function wearCodes(
  { kernels, weights, effective, codes, count }: CodedMemory,
  newest: 0 | 1,
  scale: number,
): void {
  kernels.exports.wearCodes(weights.byteOffset, effective.byteOffset, codes[newest].byteOffset, count, scale)
}

/** How many codes of a matrix differ between its two arrays. */
export const changedCodes = ({ kernels, codes, count }: CodedMemory): number =>
  kernels.exports.countChanged(codes[0].byteOffset, codes[1].byteOffset, count)

/** Multiplies the effective weights by a float32 scale, in place. */
export const scaleValues = ({ kernels, effective, count }: MatrixMemory, scale: number): void =>
  kernels.exports.scaleValues(effective.byteOffset, count, scale)

/** Gives every effective weight that is not 0 this float32 magnitude, and leaves its sign. */
export const setMagnitudes = ({ kernels, effective, count }: MatrixMemory, magnitude: number): void =>
  kernels.exports.setMagnitudes(effective.byteOffset, count, magnitude)

/**
 * Sum of a_i b_i over arrays of a matrix' instance, in float64. Four sums, of the indices that leave 0, 1, 2 and 3 when divided by 4, are added as
 * (0 + 1) + (2 + 3).
 * @param a float32 [count] @param b float32 [count]
 */
export const dotProduct = ({ kernels, count }: MatrixMemory, a: Float32Array, b: Float32Array): number =>
  kernels.exports.dotProduct(a.byteOffset, b.byteOffset, count)

/** Sum of |effective| in float64, in the order of {@link dotProduct}. */
export const sumMagnitudes = ({ kernels, effective, count }: MatrixMemory): number =>
  kernels.exports.sumMagnitudes(effective.byteOffset, count)
