/** A search of all matrices: each by its method, with learned scales and norms beside them. */
import type { ParameterMemory } from '../kernels/index.js'
import { asTicket, type MaskedAlgorithm, type MatrixSearch } from './algorithm.js'
import type { StateTensor } from './checkpoint.js'
import { matrixMethods } from './matrix-methods.js'
import { createSearches } from './matrix-searches.js'
import { createNorms, NORM_RATE, withFloat16 } from './norms.js'
import { createScales, fixedScales } from './scales.js'
import type { SearchSettings } from './settings.js'
import { stateOf } from './state.js'
import type { UnusedRows } from './unused-rows.js'

/**
 * The algorithm of a search.
 * @param memory holds the random network
 * @param unused rows without weights, by the name of their matrix; default: none
 */
export function createMaskSearch(
  memory: ParameterMemory,
  settings: SearchSettings,
  unused: ReadonlyMap<string, UnusedRows> = new Map(),
): MaskedAlgorithm {
  const scales = settings.scales === 'learned' ? createScales([...memory.tickets, ...memory.coded]) : fixedScales
  const searches = createSearches(memory, settings, { scales, unused })
  const methods = matrixMethods(settings)
  const masked = searches.filter(({ names: [first] }) => methods.get(first)!.kind !== 'levels')
  const norms = createNorms(memory.dense)
  const search = (name: string): MatrixSearch => {
    const found = searches.find(({ names }) => names.includes(name))
    if (found === undefined) throw new RangeError(`"name" expected a matrix with a mask, got ${name}`)
    return found
  }
  const select = () => {
    for (const each of searches) each.select()
  }
  const state: StateTensor[] = [
    ...stateOf(memory.matrices),
    ...scales.state,
    ...searches.flatMap((each) => each.state ?? []),
  ]
  select()
  return {
    state,
    ticket: {
      mask: (name) => search(name).mask(name),
      kept: (name) => search(name).kept(name),
      found: (name) => search(name).found(name),
      scale: (name) => search(name).scale(name),
    },
    update(adamw) {
      scales.update(adamw) // first: the effective weights are still those of the gradients
      for (const each of searches) each.update(adamw)
      norms({ ...adamw, learningRate: adamw.learningRate * NORM_RATE })
    },
    restored: select,
    ...(masked.length === 0 ? {} : { changed: () => masked.reduce((sum, each) => sum + each.changed(), 0) }),
    gradientSquares: (name) => searches.find(({ names }) => names.includes(name))?.gradientSquares?.(name),
    asTicket(work) {
      const ofSearches = searches.reduce((inner, each) => () => asTicket(each, inner), work)
      return settings.norms === 'gains' ? withFloat16(memory.dense, ofSearches) : ofSearches()
    },
  }
}
