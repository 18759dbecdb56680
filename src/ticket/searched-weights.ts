import { copyRow, getBit, type RowCopies, zeroDropped } from '../mask/index.js'
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
  /** Packed bits [count] of the second coat, the third, and so on. Default none. */
  readonly coats?: readonly Uint8Array[] | undefined
  /** Packed bits [count] of the kept weights that change their sign; null or absent where there are none. */
  readonly inverted?: Uint8Array | null | undefined
  /** A float32 number > 0; default 1. */
  readonly scale?: number | undefined
  /** Rows that are copies; null or absent where none is. */
  readonly copies?: RowCopies | null | undefined
}

/**
 * The effective weights of a matrix, float32 [count]: where the mask keeps weight i of the random weights r it is
 * `float32(float32(r * scale) * k)`, k being the number of its coats, negative where it is inverted; 0 elsewhere. Weight i of generation g
 * is weight i of stream `stream + g * 2^20`. Rows that are copies have the weights of the row that they are copies of.
 * @param seed unsigned 64-bit
 * @param generate `generateWeights` of src/random, or a faster one with the same results
 */
export function materialiseMatrix(matrix: MaskedMatrix, seed: Seed, generate: typeof generateWeights): Float32Array {
  const { count, stream, init, mask } = matrix
  const weights = generate({ seed, stream, init, count })
  zeroDropped(weights, mask)
  dressWeights(weights, matrix)
  redrawWeights(weights, matrix, seed, generate)
  if (matrix.copies) copyRow(weights, matrix.copies)
  return weights
}

/** What a kept weight is multiplied by, after its scale: coats, negative where it is inverted. */
function factorOf({ coats = [], inverted }: Pick<MaskedMatrix, 'coats' | 'inverted'>, index: number): number {
  let k = 1
  for (const coat of coats) {
    if (!getBit(coat, index)) break
    k++
  }
  return inverted && getBit(inverted, index) ? -k : k
}

/** Multiplies masked random weights, in place, by scale, coats and sign. src/kernels has the same in WebAssembly. */
function dressWeights(weights: Float32Array, matrix: Omit<MaskedMatrix, 'count'>): void {
  const { mask, coats = [], inverted, scale = 1 } = matrix
  if (scale === 1 && coats.length === 0 && !inverted) return
  for (let i = 0; i < weights.length; i++) {
    if (getBit(mask, i)) weights[i] = Math.fround(weights[i] * scale) * factorOf(matrix, i)
  }
}

/**
 * Replaces, in place, the kept weights that are of a later generation than 0.
 * @param weights of generation 0, float32 [count]
 */
export function redrawWeights(
  weights: Float32Array,
  matrix: Omit<MaskedMatrix, 'count'>,
  seed: Seed,
  generate: typeof generateWeights,
): void {
  const { stream, init, mask, generations, scale = 1 } = matrix
  if (generations === null) return
  for (let i = 0, j = 0; j < generations.length; i++) {
    if (!getBit(mask, i)) continue
    const generation = generations[j++]
    if (generation === 0) continue
    // Redrawn weights are few and any weight of a stream can be made alone.
    const drawn = generate({ seed, stream: stream + generation * GENERATION_STRIDE, init, start: i, count: 1 })[0]
    weights[i] = Math.fround(drawn * scale) * factorOf(matrix, i)
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
  for (const { name, shape, stream, init, scale } of ticket.matrices.values()) {
    const matrix = { ...(await ticket.readMask(name)), count: shape[0] * shape[1], stream, init, scale }
    weights.set(name, materialiseMatrix(matrix, ticket.seed, generate))
  }
  return weights
}
