/** The steps on coded matrices in plain TypeScript, each float32 operation rounded where it stands. The kernels are held to its bits. */
import { type AdamW, adamwFactors } from '../../src/kernels/index.js'

const f32 = Math.fround

/** The arrays of one matrix, [count] each. */
export interface CodedArrays {
  readonly weights: Float32Array
  readonly effective: Float32Array
  readonly gradient: Float32Array
  readonly latents: Float32Array
  readonly momentum: Float32Array
  readonly variance: Float32Array
}

export function moveReference(
  { weights, gradient, latents, momentum, variance }: CodedArrays,
  along: 'value' | 'signed' | 'magnitude',
  settings: AdamW,
): void {
  const { decay, beta1, gain1, beta2, gain2, stepSize, root, epsilon } = adamwFactors(settings)
  for (let i = 0; i < latents.length; i++) {
    let g = gradient[i]
    if (along !== 'value') g = f32(g * weights[i])
    if (along === 'magnitude') g = f32(g * Math.sign(latents[i]))
    const m = f32(f32(beta1 * momentum[i]) + f32(gain1 * g))
    const v = f32(f32(beta2 * variance[i]) + f32(f32(gain2 * g) * g))
    momentum[i] = m
    variance[i] = v
    const denominator = f32(f32(f32(Math.sqrt(v)) / root) + epsilon)
    latents[i] = f32(f32(latents[i] * decay) - f32(f32(stepSize * m) / denominator))
  }
}

/** Codes of nested masks over several matrices, by sorting. */
export function coatsReference(
  matrices: readonly CodedArrays[],
  worn: readonly number[],
  isSigned: boolean,
): Int8Array[] {
  const codes = matrices.map(({ latents }) => new Int8Array(latents.length))
  const all = matrices.flatMap(({ latents }, m) =>
    Array.from(latents, (score, i) => ({ m, i, size: Math.abs(score), isNegative: score < 0 || Object.is(score, -0) })),
  )
  // Array.prototype.sort is stable: equal sizes stay in the order of matrix and index.
  const sorted = all.toSorted((a, b) => b.size - a.size)
  for (const count of worn) for (const { m, i } of sorted.slice(0, count)) codes[m][i]++
  if (isSigned) for (const { m, i, isNegative } of all) if (isNegative) codes[m][i] = -codes[m][i]
  return codes
}

/** Rounds to the nearest integer, ties to even. */
function nearest(x: number): number {
  const low = Math.floor(x)
  if (x - low !== 0.5) return Math.round(x)
  return low % 2 === 0 ? low : low + 1
}

export function quantiseReference({ weights, latents }: CodedArrays, distance: number, levels: number): Int8Array {
  const inverse = f32(1 / distance)
  const most = levels >> 1
  const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x))
  return Int8Array.from(latents, (latent, i) => {
    const x = f32(latent * inverse)
    const code = levels % 2 ? clamp(nearest(x), -most, most) : 2 * clamp(Math.floor(x), -most, most - 1) + 1
    return weights[i] < 0 ? -code : code
  })
}

export function scoresReference({ latents }: CodedArrays, distance: number, most: number): Int8Array {
  const inverse = f32(1 / distance)
  return Int8Array.from(latents, (latent) => Math.min(most, Math.max(0, nearest(f32(latent * inverse)))))
}

export const wearReference = ({ weights }: CodedArrays, codes: Int8Array, scale: number): Float32Array =>
  Float32Array.from(weights, (weight, i) => (codes[i] === 0 ? 0 : f32(f32(weight * scale) * codes[i])))

/** Float64 sums of the indices that leave 0, 1, 2 and 3 when divided by 4, added as (0 + 1) + (2 + 3). */
export function sumReference(terms: readonly number[]): number {
  const sums = [0, 0, 0, 0]
  for (const [i, term] of terms.entries()) sums[i % 4] += term
  return sums[0] + sums[1] + (sums[2] + sums[3])
}
