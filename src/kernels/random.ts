import { type Initialisation, initialisationScale, type Seed, seedWords } from '../random/index.js'
import type { Kernels } from './kernels.js'

const TWO_32 = 2 ** 32

/**
 * Writes weights `start`..`start + count - 1` of (seed, stream) into kernel memory: the same bits as `generateWeights`.
 *
 * @param address byte address of float32 [count] in kernel memory
 */
export function fillWeights(
  kernels: Kernels,
  address: number,
  weights: { seed: Seed; stream: number; init: Initialisation; start: number; count: number },
): void {
  const { seed, stream, init, start, count } = weights
  const { low, high } = seedWords(seed)
  const scale = initialisationScale(init)
  const fill = {
    uniform: kernels.exports.fillUniform,
    normal: kernels.exports.fillNormal,
    'signed-constant': kernels.exports.fillSignedConstant,
  }[init.kind]
  fill(address, count, start, stream % TWO_32, Math.floor(stream / TWO_32), low, high, scale)
}
