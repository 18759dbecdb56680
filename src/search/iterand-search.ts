import { type Kernels, weightFiller } from '../kernels/index.js'
import type { ParameterMemory, TicketMemory } from '../kernels/parameter-memory.js'
import type { MaskedAlgorithm } from './algorithm.js'
import { redrawPruned } from './iterand.js'
import { createMaskSearch } from './mask-search.js'
import { type RandomMatrix, randomMatrices } from './random-network.js'
import type { SearchSettings } from './settings.js'
import { weightStream } from './streams.js'
import type { UnusedRows } from './unused-rows.js'

/** Edge-popup with redrawing. */
export interface Iterand extends MaskedAlgorithm {
  /** The last redrawing of each weight of a matrix, 0 where it is as at first: uint8 [count]; undefined for a matrix that is not redrawn. */
  generations(name: string): Uint8Array | undefined
}

/**
 * IteRand (Chijiwa et al. 2021): edge-popup, and after every `redrawEvery` steps a part of the pruned weights is drawn
 * anew, generation after generation. The generations are part of the state, and rebuild the weights.
 * @param scratch an instance that holds no parameters
 */
export function createIterand(
  memory: ParameterMemory,
  settings: SearchSettings,
  scratch: Kernels,
  unused?: ReadonlyMap<string, UnusedRows>,
): Iterand {
  const search = createMaskSearch(memory, settings, unused)
  const { redrawEvery, redrawRate: rate } = settings
  const seed = BigInt(settings.seed)
  const matrices = randomMatrices(settings)
  const generations = new Map(memory.tickets.map(({ name, count }) => [name, new Uint8Array(count)]))
  const each = (action: (random: RandomMatrix, matrix: TicketMemory, drawn: Uint8Array) => void) => {
    for (const random of matrices) {
      const matrix = memory.matrix(random.name)
      if (matrix.kind === 'ticket') action(random, matrix, generations.get(random.name)!)
    }
  }
  return {
    ...search,
    state: [
      ...search.state,
      ...memory.tickets.map(({ name }) => ({ name: `${name}.generation`, values: generations.get(name)! })),
    ],
    update(adamw) {
      search.update(adamw)
      if (adamw.step % redrawEvery !== 0) return
      const generation = adamw.step / redrawEvery
      each(({ name, index, stream, init }, { weights }, drawn) => {
        const options = { seed, matrix: index, stream, generation, rate, init }
        redrawPruned(scratch, weights, drawn, search.ticket.mask(name), options)
      })
    },
    restored() {
      each((random, matrix, drawn) => redrawTo(scratch, matrix, drawn, random, seed))
      search.restored()
    },
    generations: (name) => generations.get(name),
  }
}

const CHUNK = 1 << 18

/** Writes every weight as its generation says. */
function redrawTo(
  scratch: Kernels,
  { kernels, weights, count }: TicketMemory,
  generations: Uint8Array,
  { stream, init }: RandomMatrix,
  seed: bigint,
): void {
  weightFiller(kernels, { seed, stream, init })(weights.byteOffset, 0, count)
  const present = new Set(generations)
  present.delete(0)
  for (const generation of present) {
    const fill = weightFiller(scratch, { seed, stream: weightStream(stream, generation), init })
    for (let from = 0; from < count; from += CHUNK) {
      const length = Math.min(CHUNK, count - from)
      const [address] = scratch.reserve(length * 4)
      fill(address, from, length)
      const drawn = new Float32Array(scratch.exports.memory.buffer, address, length)
      for (let i = 0; i < length; i++) if (generations[from + i] === generation) weights[from + i] = drawn[i]
    }
  }
}
