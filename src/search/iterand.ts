/**
 * IteRand (Chijiwa et al., "Pruning Randomly Initialized Neural Networks with Iterative Randomization", NeurIPS 2021):
 * now and then a part of the pruned weights is drawn anew. Here every draw comes from a stream of the seed, numbered by
 * its generation, so the seed, the masks and the generations of the kept weights rebuild the network.
 */
import { type Kernels, weightFiller } from '../kernels/index.js'
import { getBit } from '../mask/index.js'
import { type Initialisation, type Seed, seedWords } from '../random/index.js'
import { GENERATION_LIMIT } from '../ticket/searched.js'
import { redrawStream, weightStream } from './streams.js'

/** Weights made in one go, so that scratch memory stays small. */
const CHUNK = 1 << 18

export interface RedrawOptions {
  readonly seed: Seed
  /** Number of the matrix in `matricesOf`. */
  readonly matrix: number
  /** Of its weights of generation 0. */
  readonly stream: number
  /** Generation to draw, an integer from 1 to 255. */
  readonly generation: number
  /** Part of the pruned weights to redraw, 0 <= rate <= 1. */
  readonly rate: number
  readonly init: Initialisation
}

/**
 * Redraws pruned weights, in place. Pruned weight i is chosen when word i of the redraw stream is below rate * 2^32; it
 * becomes weight i of the weight stream of this generation. Kept weights, and so the loss, stay as they are.
 *
 * @param kernels an instance for scratch, not one that holds parameters
 * @param weights float32 [count]
 * @param generations the last redrawing of each weight, 0 at first: uint8 [count], updated
 * @param mask packed bits [count], ones are kept
 * @returns how many were redrawn
 */
export function redrawPruned(
  kernels: Kernels,
  weights: Float32Array,
  generations: Uint8Array,
  mask: Uint8Array,
  { seed, matrix, stream, generation, rate, init }: RedrawOptions,
): number {
  if (!Number.isInteger(generation) || generation < 1 || generation > GENERATION_LIMIT) {
    throw new RangeError(`"generation" expected an integer from 1 to ${GENERATION_LIMIT}, got ${generation}`)
  }
  if (!(rate >= 0 && rate <= 1)) throw new RangeError(`"rate" expected 0 <= rate <= 1, got ${rate}`)
  const count = weights.length
  if (generations.length !== count || mask.length * 8 < count) {
    throw new RangeError(
      `"generations" and "mask" expected room for ${count} weights, got ${generations.length} and ${mask.length * 8}`,
    )
  }
  const limit = rate * 2 ** 32
  const choice = wordFiller(kernels, seed, redrawStream(matrix, generation))
  const fill = weightFiller(kernels, { seed, stream: weightStream(stream, generation), init })
  let redrawn = 0
  for (let from = 0; from < count; from += CHUNK) {
    const length = Math.min(CHUNK, count - from)
    const [choicesAt, freshAt] = kernels.reserve(length * 4, length * 4)
    choice(choicesAt, from, length)
    fill(freshAt, from, length)
    const { buffer } = kernels.exports.memory
    const choices = new Uint32Array(buffer, choicesAt, length)
    const fresh = new Float32Array(buffer, freshAt, length)
    for (let i = 0; i < length; i++) {
      if (choices[i] >= limit || getBit(mask, from + i)) continue
      weights[from + i] = fresh[i]
      generations[from + i] = generation
      redrawn++
    }
  }
  return redrawn
}

/** Writes words `start`..`start + count - 1` of a stream into kernel memory. */
function wordFiller(kernels: Kernels, seed: Seed, stream: number) {
  const { low, high } = seedWords(seed)
  const [streamLow, streamHigh] = [stream % 2 ** 32, Math.floor(stream / 2 ** 32)]
  return (address: number, start: number, count: number) =>
    kernels.exports.fillWords(address, count, start, streamLow, streamHigh, low, high)
}
