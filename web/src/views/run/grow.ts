/** From a seed and masks to weights, in a worker: piece by piece, with pauses between. */

import { rebuildSearched, type SearchedNetwork } from '../../../../src/engine/searched-weights.js'
import type { PairWeights } from '../../../../src/families/pair-model.js'
import { createGenerator, type Kernels, makeMaskedWeights, type PieceOnes } from '../../../../src/kernels/index.js'
import { literalWeights } from '../../../../src/prune/literal-model.js'
import { countKept, type PrunedTicket, type SearchedTicket } from '../../../../src/ticket/index.js'

/** How far the weights are. */
export interface Growth {
  /** Random weights made, and how many there will be. */
  readonly done: number
  readonly total: number
  /** The matrix that was last worked on, and the part of it that is made. */
  readonly name: string
  readonly part: number
}

/** What came of it. */
export interface Grown {
  /** Random weights made. */
  readonly weights: number
  /** Those that the masks keep. */
  readonly kept: number
  /** Time spent on making them, pauses left out. */
  readonly milliseconds: number
}

interface Context {
  onGrowth(growth: Growth): void
  pause(): Promise<void>
}

/** Pauses are this many milliseconds apart at least. */
const BETWEEN = 12

/** Bytes of pruned matrices that are kept once they are made. The others are made again at every pass. */
export const KEPT_PAIRS = 2 ** 30

/** Regenerates the weights of a searched ticket. @throws InputError when a mask does not hold what the ticket says */
export async function growSearched(
  kernels: Kernels,
  ticket: SearchedTicket,
  { onGrowth, pause }: Context,
): Promise<Grown & { network: SearchedNetwork }> {
  const sizes = new Map([...ticket.matrices].map(([name, { shape }]) => [name, shape[0] * shape[1]]))
  const total = [...sizes.values()].reduce((sum, count) => sum + count, 0)
  const made = new Map<string, number>()
  let [done, milliseconds, weightsKept] = [0, 0, 0]
  const network = await rebuildSearched(ticket, async (jobs) => {
    const ones: PieceOnes[] = []
    let last = performance.now()
    for (const { piece, out, name } of jobs as readonly ((typeof jobs)[number] & { name: string })[]) {
      const started = performance.now()
      ones.push(makeMaskedWeights(kernels, piece, out))
      const now = performance.now()
      milliseconds += now - started
      done += piece.count
      made.set(name, (made.get(name) ?? 0) + piece.count)
      if (now - last < BETWEEN && done < total) continue
      onGrowth({ done, total, name, part: made.get(name)! / sizes.get(name)! })
      await pause()
      last = performance.now()
    }
    weightsKept = ones.reduce((sum, [kept]) => sum + kept, 0)
    return ones
  })
  return { network, weights: total, kept: weightsKept, milliseconds }
}

/**
 * Regenerates both random matrices of every pair of a pruned ticket, and keeps them up to {@link KEPT_PAIRS} bytes.
 * @throws InputError when a mask is unsound
 */
export async function growPruned(
  kernels: Kernels,
  ticket: PrunedTicket,
  { onGrowth, pause }: Context,
): Promise<Grown & { pairs: PairWeights }> {
  const total = [...ticket.pairs.values()].reduce((sum, pair) => sum + pair.hidden * (pair.inputs + pair.outputs), 0)
  let [done, milliseconds, kept] = [0, 0, 0]
  let masks = await ticket.readMasks(ticket.pairs.keys().next().value!)
  const pairs = literalWeights({
    seed: ticket.seed,
    generate: createGenerator(kernels),
    readMasks: async (name) => (name === masks.spec.name ? masks : ticket.readMasks(name)),
    keptBytes: KEPT_PAIRS,
  })
  for (const [name, { inputs, hidden, outputs }] of ticket.pairs) {
    masks = await ticket.readMasks(name)
    const started = performance.now()
    await pairs.matrices(name)
    milliseconds += performance.now() - started
    const counted = countKept(masks)
    kept += counted.first + counted.second
    done += hidden * (inputs + outputs)
    onGrowth({ done, total, name, part: 1 })
    await pause()
  }
  return { pairs, weights: total, kept, milliseconds }
}
