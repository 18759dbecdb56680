/** From a seed and masks to weights, in a worker: piece by piece, with pauses between. */

import { rebuildSearched, type SearchedGpt2 } from '../../../../src/engine/searched-weights.js'
import type { MaterialisedPair, PairWeights } from '../../../../src/families/pair-model.js'
import { createGenerator, type Kernels, makeMaskedWeights } from '../../../../src/kernels/index.js'
import { countKept, materialisePair, type PrunedTicket, type SearchedTicket } from '../../../../src/ticket/index.js'

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

/** Regenerates the weights of a searched ticket. @throws InputError when a mask does not hold what the ticket says */
export async function growSearched(
  kernels: Kernels,
  ticket: SearchedTicket,
  { onGrowth, pause }: Context,
): Promise<Grown & { network: SearchedGpt2 }> {
  const sizes = new Map([...ticket.matrices].map(([name, { shape }]) => [name, shape[0] * shape[1]]))
  const total = [...sizes.values()].reduce((sum, count) => sum + count, 0)
  const made = new Map<string, number>()
  let [done, milliseconds, weightsKept] = [0, 0, 0]
  const network = await rebuildSearched(ticket, async (jobs) => {
    const kept: number[] = []
    let last = performance.now()
    for (const { piece, out, name } of jobs as readonly ((typeof jobs)[number] & { name: string })[]) {
      const started = performance.now()
      kept.push(makeMaskedWeights(kernels, piece, out))
      const now = performance.now()
      milliseconds += now - started
      done += piece.count
      made.set(name, (made.get(name) ?? 0) + piece.count)
      if (now - last < BETWEEN && done < total) continue
      onGrowth({ done, total, name, part: made.get(name)! / sizes.get(name)! })
      await pause()
      last = performance.now()
    }
    weightsKept = kept.reduce((sum, count) => sum + count, 0)
    return kept
  })
  return { network, weights: total, kept: weightsKept, milliseconds }
}

/** Regenerates both random matrices of every pair of a pruned ticket. @throws InputError when a mask is unsound */
export async function growPruned(
  kernels: Kernels,
  ticket: PrunedTicket,
  { onGrowth, pause }: Context,
): Promise<Grown & { pairs: PairWeights }> {
  const generate = createGenerator(kernels)
  const sizes = new Map([...ticket.pairs].map(([name, pair]) => [name, pair.hidden * (pair.inputs + pair.outputs)]))
  const total = [...sizes.values()].reduce((sum, count) => sum + count, 0)
  const pairs = new Map<string, MaterialisedPair & { readonly coordinate: Uint16Array }>()
  let [done, milliseconds, kept] = [0, 0, 0]
  for (const [name, spec] of ticket.pairs) {
    const masks = await ticket.readMasks(name)
    const { inputs, hidden, outputs, divisor } = spec
    const started = performance.now()
    const matrices = materialisePair(spec, masks, ticket.seed, generate)
    pairs.set(name, { inputs, hidden, outputs, divisor, coordinate: masks.coordinate, ...matrices })
    milliseconds += performance.now() - started
    const counted = countKept(masks)
    kept += counted.first + counted.second
    done += sizes.get(name)!
    onGrowth({ done, total, name, part: 1 })
    await pause()
  }
  const weights: PairWeights = {
    matrices: async (name) => pairs.get(name)!,
    async units(name, inputs) {
      const { hidden, outputs, first, second, coordinate } = pairs.get(name)!
      const seen = [...coordinate.keys()].filter((unit) => inputs.has(coordinate[unit]))
      const rows = new Float32Array(seen.length * outputs)
      for (const [at, unit] of seen.entries()) {
        rows.set(second.subarray(unit * outputs, (unit + 1) * outputs), at * outputs)
      }
      return {
        coordinate: Uint16Array.from(seen, (unit) => coordinate[unit]),
        first: Float32Array.from(seen, (unit) => first[coordinate[unit] * hidden + unit]),
        second: rows,
      }
    },
  }
  return { pairs: weights, weights: total, kept, milliseconds }
}
