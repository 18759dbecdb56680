/** Weights from a ticket on Node, by as many threads as pay. */
import { availableParallelism } from 'node:os'
import type { SearchedTicket } from '../ticket/index.js'
import { loadKernels } from './node.js'
import { makeOnThreads } from './rebuild-threads.js'
import { makeHere, rebuildSearched, type SearchedNetwork } from './searched-weights.js'

/** Smaller networks are made before another thread would have started, which takes some 50 ms. */
const MANY = 2 ** 23

/**
 * Regenerates a searched network; the same bits with any number of threads.
 * @param options.threads an integer >= 1; default: as many as there are processors, or one for a small network
 * @throws InputError when a mask or a norm does not hold what the ticket says
 */
export async function rebuildTicket(
  ticket: SearchedTicket,
  options: { threads?: number } = {},
): Promise<SearchedNetwork> {
  const count = [...ticket.matrices.values()].reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const threads = options.threads ?? (count < MANY ? 1 : availableParallelism())
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  }
  const loading = loadKernels()
  return rebuildSearched(ticket, threads === 1 ? makeHere(await loading) : makeOnThreads(loading, threads))
}
