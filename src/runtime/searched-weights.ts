import { type Kernels, makeMaskedWeights, type WeightsPiece } from '../kernels/index.js'
import type { BiasFreeGpt2 } from '../model/gpt2-matrices.js'
import type { Gpt2Weights } from '../model/gpt2-weights.js'
import { generateWeights } from '../random/index.js'
import { huggingFaceWeights } from '../search/hugging-face-weights.js'
import { redrawWeights, refusingAsync, type SearchedTicket } from '../ticket/index.js'
import { weightsPieces } from './weights-pieces.js'

/** The network of a searched ticket: its shape, and its effective weights. */
export interface SearchedGpt2 extends BiasFreeGpt2 {
  /** Matrices by the names of `gpt2Matrices`, learned norms by those of `gpt2Norms`; float32, row-major. */
  readonly parameters: ReadonlyMap<string, Float32Array>
}

/**
 * Makes the weights of one matrix's pieces: float32 [count of all pieces], one piece behind the other.
 * @returns how many are kept
 */
export type MakeWeights = (pieces: readonly WeightsPiece[], out: Float32Array) => Promise<number>

/** One piece after another, on this thread. */
export const makeHere =
  (kernels: Kernels): MakeWeights =>
  async (pieces, out) => {
    let kept = 0
    for (const piece of pieces) {
      const at = piece.start - pieces[0].start
      kept += makeMaskedWeights(kernels, piece, out.subarray(at, at + piece.count))
    }
    return kept
  }

/**
 * Regenerates a searched network: random weights from the seed, 0 where the masks drop them; learned norms as stored. Beside
 * the weights little more than a piece is held in memory.
 * @param make makes the weights; on this thread by `makeHere`
 * @throws InputError when a mask or a norm does not hold what the ticket says
 */
export async function rebuildSearched(ticket: SearchedTicket, make: MakeWeights): Promise<SearchedGpt2> {
  const { config, norms } = ticket.metadata
  const names = [...ticket.matrices.keys()]
  const made = await Promise.all(names.map((name) => rebuildMatrix(ticket, name, make)))
  const parameters = new Map(names.map((name, i) => [name, made[i]]))
  for (const name of ticket.dense.keys()) parameters.set(name, await ticket.readDense(name))
  return { config, norms, parameters }
}

/** The effective weights of one matrix, float32 [in * out], row-major. */
async function rebuildMatrix(ticket: SearchedTicket, name: string, make: MakeWeights): Promise<Float32Array> {
  const stored = await ticket.readStored(name)
  const { spec } = stored
  const count = spec.shape[0] * spec.shape[1]
  return refusingAsync(ticket.name, `${name}.mask`, async () => {
    const pieces = await weightsPieces(stored, ticket.seed)
    const out = new Float32Array(count)
    const kept = await make(pieces, out)
    if (kept !== spec.kept) throw new RangeError(`"${name}.mask" expected ${spec.kept} kept weights, got ${kept}`)
    if (spec.generations > 0) {
      const { mask, generations } = await ticket.readMask(name)
      redrawWeights(out, { ...spec, mask, generations }, ticket.seed, generateWeights)
    }
    return out
  })
}

/**
 * The same network as a dense GPT-2 under Hugging Face names, for `createGpt2`: queries, keys and values side by side in
 * `c_attn`, biases 0, and gains 1 where norms are plain.
 */
export const searchedGpt2Weights = (network: SearchedGpt2): Gpt2Weights =>
  huggingFaceWeights(network, (name) => network.parameters.get(name)!)
