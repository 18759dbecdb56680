import { type LossModel, lossParameters, type ModelWeights, weightsOf } from '../families/index.js'
import { type Kernels, makeMaskedWeights, type PieceOnes, type WeightsPiece } from '../kernels/index.js'
import { copyRow } from '../mask/index.js'
import { generateWeights } from '../random/index.js'
import { rebuildBytes, redrawWeights, refusingAsync, type SearchedTicket } from '../ticket/index.js'
import { assertOnes, weightsPieces } from './weights-pieces.js'

/** The network of a searched ticket: its shape, and its effective weights. */
export interface SearchedNetwork extends LossModel {
  /** Matrices and learned norms by the names of the family's parameters; float32, row-major. */
  readonly parameters: ReadonlyMap<string, Float32Array>
}

/** A piece of weights, and where it goes: float32 [count]. */
export interface WeightsJob {
  readonly piece: WeightsPiece
  readonly out: Float32Array
}

/** Makes the weights of some pieces, in any order; says of each what `makeMaskedWeights` does. */
export type MakeWeights = (jobs: readonly WeightsJob[]) => Promise<PieceOnes[]>

/** One piece after another, on this thread. */
export const makeHere =
  (kernels: Kernels): MakeWeights =>
  async (jobs) =>
    jobs.map(({ piece, out }) => makeMaskedWeights(kernels, piece, out))

/**
 * Regenerates a searched network: random weights from the seed, 0 where the masks drop them; learned norms as stored. Beside
 * the weights little more than the stored masks and a piece is held in memory.
 * @param make makes the weights; on this thread by `makeHere`
 * @throws InputError when a mask or a norm does not hold what the ticket says, or the weights need more memory than the ticket
 *   may ask for
 */
export async function rebuildSearched(ticket: SearchedTicket, make: MakeWeights): Promise<SearchedNetwork> {
  ticket.memory.expect(rebuildBytes(ticket), 'make its weights')
  const { config, norms } = ticket.metadata
  const parameters = new Map<string, Float32Array>()
  const jobs: (WeightsJob & { readonly name: string })[] = []
  for (const [name, { shape }] of ticket.matrices) {
    const out = new Float32Array(shape[0] * shape[1])
    parameters.set(name, out)
    const stored = await ticket.readStored(name)
    const pieces = await refusingAsync(ticket.name, `${name}.mask`, () => weightsPieces(stored, ticket.seed))
    for (const piece of pieces) jobs.push({ name, piece, out: out.subarray(piece.start, piece.start + piece.count) })
  }
  // Small pieces first: an engine compiles the kernels well only after some calls, and the first call is slow to its end.
  jobs.sort((a, b) => a.piece.count - b.piece.count)
  await refusingAsync(ticket.name, 'mask', async () => assertKept(ticket, jobs, await make(jobs)))
  for (const [name, spec] of ticket.matrices) {
    if (spec.generations === 0) continue
    const { stream, init, scale } = spec
    const matrix = { ...(await ticket.readMask(name)), stream, init, scale }
    redrawWeights(parameters.get(name)!, matrix, ticket.seed, generateWeights)
  }
  for (const [name, weights] of parameters) {
    const copies = await ticket.readCopies(name)
    if (copies) copyRow(weights, copies)
  }
  for (const name of ticket.dense.keys()) parameters.set(name, await ticket.readDense(name))
  return { config, norms, parameters }
}

/** Throws RangeError unless the masks of every matrix have as many ones as the ticket says. */
function assertKept(ticket: SearchedTicket, jobs: readonly { name: string }[], ones: readonly PieceOnes[]): void {
  const found = new Map<string, number[]>()
  for (const [i, { name }] of jobs.entries()) {
    const sums = found.get(name) ?? ones[i].map(() => 0)
    found.set(
      name,
      sums.map((sum, j) => sum + ones[i][j]),
    )
  }
  for (const [name, spec] of ticket.matrices) assertOnes(spec, found.get(name)!)
}

/** The same network as the weights of a dense model without biases; the arrays are those of the network. */
export const networkWeights = (network: SearchedNetwork): ModelWeights =>
  weightsOf(lossParameters(network), (name) => network.parameters.get(name)!)
