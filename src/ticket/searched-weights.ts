import { getBit, zeroDropped } from '../mask/packed-bits.js'
import type { generateWeights, Initialisation, Seed } from '../random/index.js'
import { rebuildBytes } from './memory.js'
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
  redrawWeights(weights, { stream, init, mask, generations }, seed, generate)
  return weights
}

/**
 * Replaces, in place, the kept weights that are of a later generation than 0.
 * @param weights of generation 0, float32 [count]
 */
export function redrawWeights(
  weights: Float32Array,
  { stream, init, mask, generations }: Omit<MaskedMatrix, 'count'>,
  seed: Seed,
  generate: typeof generateWeights,
): void {
  if (generations === null) return
  for (let i = 0, j = 0; j < generations.length; i++) {
    if (!getBit(mask, i)) continue
    const generation = generations[j++]
    if (generation === 0) continue
    // Redrawn weights are few and any weight of a stream can be made alone.
    weights[i] = generate({ seed, stream: stream + generation * GENERATION_STRIDE, init, start: i, count: 1 })[0]
  }
}

/**
 * The effective weights of every matrix of a ticket by name, float32, row-major: 4 bytes a weight.
 * @param generate `generateWeights` of src/random, or a faster one with the same results
 * @throws InputError when a mask does not hold what the ticket says, or the weights need more memory than the ticket may ask for
 */
export async function materialiseSearched(
  ticket: SearchedTicket,
  generate: typeof generateWeights,
): Promise<Map<string, Float32Array>> {
  ticket.memory.expect(2 * rebuildBytes(ticket), 'make its weights') // `generate` may make words first
  const weights = new Map<string, Float32Array>()
  for (const { name, shape, stream, init } of ticket.matrices.values()) {
    const { mask, generations } = await ticket.readMask(name)
    const matrix = { count: shape[0] * shape[1], stream, init, mask, generations }
    weights.set(name, materialiseMatrix(matrix, ticket.seed, generate))
  }
  return weights
}
