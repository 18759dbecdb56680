import { type Initialisation, initialisationScale, type Seed, seedWords } from '../random/index.js'
import { checkIndex } from '../random/stream.js'
import type { Kernels } from './kernels.js'

const TWO_32 = 2 ** 32

/**
 * Writes weights `start`..`start + count - 1` of one stream into kernel memory.
 *
 * @param address byte address of float32 [count] in kernel memory
 * @param start integer in 0..2^53-1
 * @param count integer in 0..2^32-1
 */
export type FillWeights = (address: number, start: number, count: number) => void

/**
 * Prepares to write the weights of a random matrix into kernel memory, the same bits as `generateWeights`. The
 * arguments are checked once, here: the writer itself is for hot loops.
 *
 * @param weights.stream integer in 0..2^53-1
 * @throws RangeError or TypeError as `generateWeights`
 */
export function weightFiller(
  kernels: Kernels,
  weights: { seed: Seed; stream: number; init: Initialisation },
): FillWeights {
  const { seed, stream, init } = weights
  const { low, high } = seedWords(seed)
  checkIndex('stream', stream)
  const scale = initialisationScale(init)
  const { fillUniform, fillNormal, fillSignedConstant } = kernels.exports
  const fill = { uniform: fillUniform, normal: fillNormal, 'signed-constant': fillSignedConstant }[init.kind]
  const streamLow = stream % TWO_32
  const streamHigh = Math.floor(stream / TWO_32)
  return (address, start, count) => fill(address, count, start, streamLow, streamHigh, low, high, scale)
}
