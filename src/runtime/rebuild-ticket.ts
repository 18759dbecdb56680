/** Weights from a ticket on Node, by as many threads as pay. */
import { availableParallelism } from 'node:os'
import type { WeightsPiece } from '../kernels/index.js'
import type { SearchedTicket } from '../ticket/index.js'
import { loadKernels } from './node.js'
import { type MakeWeights, makeHere, rebuildSearched, type SearchedGpt2 } from './searched-weights.js'
import { createWorkerPool } from './worker-pool.js'

/** Networks of fewer weights are made before threads would have started: those take some 60 ms. */
const MANY = 2 ** 24

/** What a thread gives back. */
export interface MadeWeights {
  readonly kept: number
  readonly weights: Float32Array
}

/** A piece that owns its bytes: of a view the whole buffer behind it would be sent. */
function alone(piece: WeightsPiece): WeightsPiece {
  const { mask } = piece
  return { ...piece, mask: mask instanceof Uint8Array ? mask.slice() : { ...mask, bytes: mask.bytes.slice() } }
}

/**
 * Regenerates a searched network; the same bits with any number of threads.
 * @param options.threads an integer >= 1; default: as many as there are processors, or one for a small network
 * @throws InputError when a mask or a norm does not hold what the ticket says
 */
export async function rebuildTicket(ticket: SearchedTicket, options: { threads?: number } = {}): Promise<SearchedGpt2> {
  const count = [...ticket.matrices.values()].reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const threads = options.threads ?? (count < MANY ? 1 : availableParallelism())
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  }
  if (threads === 1) return rebuildSearched(ticket, makeHere(await loadKernels()))
  const workers = createWorkerPool<WeightsPiece, MadeWeights>('runtime/rebuild-worker.js', threads)
  const make: MakeWeights = async (pieces, out) => {
    const kept = pieces.map(async (piece) => {
      const made = await workers.run(alone(piece))
      out.set(made.weights, piece.start - pieces[0].start)
      return made.kept
    })
    return (await Promise.all(kept)).reduce((sum, part) => sum + part, 0)
  }
  try {
    return await rebuildSearched(ticket, make)
  } finally {
    await workers.close()
  }
}
