import { createGenerator, type Kernels } from '../kernels/index.js'
import type { BiasFreeGpt2 } from '../model/gpt2-matrices.js'
import type { Gpt2Weights } from '../model/gpt2-weights.js'
import { huggingFaceWeights } from '../search/hugging-face-weights.js'
import { materialiseSearched, type SearchedTicket } from '../ticket/index.js'

/** The network of a searched ticket: its shape, and its effective weights. */
export interface SearchedGpt2 extends BiasFreeGpt2 {
  /** Matrices by the names of `gpt2Matrices`, learned norms by those of `gpt2Norms`; float32, row-major. */
  readonly parameters: ReadonlyMap<string, Float32Array>
}

/**
 * Regenerates a searched network: random weights from the seed, 0 where the masks drop them; learned norms as stored.
 * @param kernels make the weights
 * @throws InputError when a mask or a norm does not hold what the ticket says
 */
export async function rebuildSearched(ticket: SearchedTicket, kernels: Kernels): Promise<SearchedGpt2> {
  const { config, norms } = ticket.metadata
  const parameters = await materialiseSearched(ticket, createGenerator(kernels))
  for (const name of ticket.dense.keys()) parameters.set(name, await ticket.readDense(name))
  return { config, norms, parameters }
}

/**
 * The same network as a dense GPT-2 under Hugging Face names, for `createGpt2`: queries, keys and values side by side in
 * `c_attn`, biases 0, and gains 1 where norms are plain.
 */
export const searchedGpt2Weights = (network: SearchedGpt2): Gpt2Weights =>
  huggingFaceWeights(network, (name) => network.parameters.get(name)!)
