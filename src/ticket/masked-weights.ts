import { countOnes, zeroDropped } from '../mask/packed-bits.js'
import type { generateWeights, Seed } from '../random/index.js'
import { assertPairMasks, assertPairSpec, DROPPED, type PairMasks, type PairSpec } from './pair.js'

/** The two random matrices of a pair under their masks, float32, row-major. */
export interface MaskedPair {
  /** [d1, n] */
  readonly first: Float32Array
  /** [n, d2] */
  readonly second: Float32Array
}

/**
 * The masks of a pair applied literally: both random matrices are regenerated from the seed at full source width, and
 * every weight that the masks do not keep becomes 0. No weight is changed.
 * - first[i, k] is kept where coordinate[k] = i;
 * - second[k, i] is kept where bit k * d2 + i is one.
 * @param spec the pair; what it needs of memory is 4 (d1 n + n d2) bytes
 * @param masks its masks
 * @param seed unsigned 64-bit
 * @param generate `generateWeights` of src/random, or a faster one with the same results
 * @throws RangeError or TypeError when specification and masks do not fit
 */
export function materialisePair(
  spec: PairSpec,
  masks: Pick<PairMasks, 'coordinate' | 'second'>,
  seed: Seed,
  generate: typeof generateWeights,
): MaskedPair {
  assertPairSpec(spec)
  assertPairMasks({ ...masks, spec })
  const { inputs, hidden, outputs } = spec
  // A unit keeps one first weight at most, and any weight of a stream can be made alone.
  const first = new Float32Array(inputs * hidden) // [d1, n]
  masks.coordinate.forEach((i, k) => {
    if (i === DROPPED) return
    const start = i * hidden + k
    first[start] = generate({ seed, ...spec.first, start, count: 1 })[0]
  })
  const second = generate({ seed, ...spec.second, count: hidden * outputs }) // [n, d2]
  zeroDropped(second, masks.second)
  return { first, second }
}

/** How many of a pair's weights the masks keep: those of `first`, and those of `second` behind a kept unit or not. */
export function countKept(masks: PairMasks): { first: number; second: number } {
  let first = 0
  for (const coordinate of masks.coordinate) if (coordinate !== DROPPED) first++
  const second = countOnes(masks.second)
  return { first, second }
}
