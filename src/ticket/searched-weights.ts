import { unpackBits, zeroDropped } from '../mask/packed-bits.js'
import type { generateWeights, Initialisation, Seed } from '../random/index.js'
import type { SearchedTicket } from './read-searched.js'
import { GENERATION_STRIDE } from './searched.js'

/** What the effective weights of a matrix follow from. */
export interface MaskedMatrix {
  /** Number of weights, in * out. */
  readonly count: number
  readonly stream: number
  readonly init: Initialisation
  /** Packed bits [count]. */
  readonly mask: Uint8Array
  /** One for each kept weight, in index order, or null where all are 0. */
  readonly generations: Uint8Array | null
}

/** Weights that are looked at in one go. */
const CHUNK = 1 << 14
/** A call takes about as long as so many weights: redrawn weights no further apart are made in one. */
const GAP = 128

/**
 * The effective weights of a matrix, float32 [count]: the random weights where the mask keeps them, 0 elsewhere. No weight
 * is changed. Weight i of generation g is weight i of stream `stream + g * 2^20`.
 * @param seed unsigned 64-bit
 * @param generate `generateWeights` of src/random, or a faster one with the same results
 */
export function materialiseMatrix(
  { count, stream, init, mask, generations }: MaskedMatrix,
  seed: Seed,
  generate: typeof generateWeights,
): Float32Array {
  const weights = generate({ seed, stream, init, count })
  zeroDropped(weights, mask)
  if (generations === null) return weights
  for (let start = 0, done = 0; start < count; start += CHUNK) {
    const kept = indicesOf(unpackBits(mask, Math.min(CHUNK, count - start), start))
    const drawn = generations.subarray(done, done + kept.length)
    done += kept.length
    for (const [generation, indices] of byGeneration(kept, drawn)) {
      const redrawn = { seed, stream: stream + generation * GENERATION_STRIDE, init }
      for (const [from, to] of nearby(indices)) {
        const first = indices[from]
        const values = generate({ ...redrawn, start: start + first, count: indices[to - 1] + 1 - first })
        for (let i = from; i < to; i++) weights[start + indices[i]] = values[indices[i] - first]
      }
    }
  }
  return weights
}

function indicesOf(flags: Uint8Array): number[] {
  const indices: number[] = []
  for (let i = 0; i < flags.length; i++) if (flags[i]) indices.push(i)
  return indices
}

/** The ascending indices of each generation but 0. @param generations one for each index */
function byGeneration(indices: readonly number[], generations: Uint8Array): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const [j, i] of indices.entries()) {
    const generation = generations[j]
    if (generation === 0) continue
    const own = found.get(generation)
    if (own) own.push(i)
    else found.set(generation, [i])
  }
  return found
}

/** Ranges [from, to) of ascending indices without a gap that is wider than a call costs. */
function nearby(indices: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (let from = 0, to = 1; to <= indices.length; to++) {
    if (to < indices.length && indices[to] - indices[to - 1] <= GAP) continue
    ranges.push([from, to])
    from = to
  }
  return ranges
}

/**
 * The effective weights of every matrix of a ticket by name, float32, row-major: 4 bytes a weight.
 * @param generate `generateWeights` of src/random, or a faster one with the same results
 * @throws InputError when a mask does not hold what the ticket says
 */
export async function materialiseSearched(
  ticket: SearchedTicket,
  generate: typeof generateWeights,
): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>()
  for (const { name, shape, stream, init } of ticket.matrices.values()) {
    const { mask, generations } = await ticket.readMask(name)
    const matrix = { count: shape[0] * shape[1], stream, init, mask, generations }
    weights.set(name, materialiseMatrix(matrix, ticket.seed, generate))
  }
  return weights
}
