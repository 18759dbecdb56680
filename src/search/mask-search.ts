/** A search of all matrices: each by its method, with learned scales and norms beside them. */
import type { CodedMemory, ParameterMemory, TicketMemory } from '../kernels/index.js'
import { keptOf, type TicketOptions } from '../kernels/ticket-step.js'
import type { MaskedAlgorithm, MatrixSearch } from './algorithm.js'
import { createAnnealed } from './annealed.js'
import type { StateTensor } from './checkpoint.js'
import { createCoats, createLevels } from './coded-search.js'
import { createBiprop, createEdgePopup } from './edge-popup.js'
import { type MatrixMethod, matrixMethods } from './matrix-methods.js'
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
  const searches = searchesOf(memory, settings, unused, scales)
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
    },
    update(adamw) {
      scales.update(adamw) // first: the effective weights are still those of the gradients
      for (const each of searches) each.update(adamw)
      norms({ ...adamw, learningRate: adamw.learningRate * NORM_RATE })
    },
    restored: select,
    changed: () => searches.reduce((sum, each) => sum + each.changed(), 0),
    ...ticketView(settings, memory, searches),
  }
}

/** Where the ticket's weights are not those that the search computes with: norms are rounded, or masks are soft. */
function ticketView(
  { norms }: SearchSettings,
  memory: ParameterMemory,
  searches: readonly MatrixSearch[],
): Pick<MaskedAlgorithm, 'asTicket'> {
  const views: NonNullable<MaskedAlgorithm['asTicket']>[] = searches.flatMap((each) => each.asTicket ?? [])
  if (norms === 'gains') views.push((work) => withFloat16(memory.dense, work))
  if (views.length === 0) return {}
  return { asTicket: (work) => views.reduce<typeof work>((inner, view) => () => view(inner), work)() }
}

/** One search for the matrices of each method; those of `embeddings` never share a threshold with others. */
function searchesOf(
  memory: ParameterMemory,
  settings: SearchSettings,
  unused: ReadonlyMap<string, UnusedRows>,
  scales: Parameters<typeof createEdgePopup>[2],
): MatrixSearch[] {
  const methods = matrixMethods(settings)
  const counts = new Map([...unused].map(([name, { used }]) => [name, used]))
  const own = <M extends { readonly name: string }>(matrices: readonly M[], kind: MatrixMethod['kind']) =>
    matrices.filter(({ name }) => methods.get(name)!.kind === kind)
  const options = { scales, unused }
  const create = settings.algorithm === 'biprop' ? createBiprop : createEdgePopup
  const masked = partsOf(memory.tickets, methods, settings).map((part) => {
    const keeps = new Map(part.map(({ name }) => [name, keepOf(methods.get(name)!)]))
    const [first] = keeps.values()
    const selection = part.length > 1 && settings.selection === 'global' ? 'global' : 'per-layer'
    const ticketOptions: TicketOptions = { keep: first, selection, keeps, counts }
    if (settings.algorithm !== 'annealed') return create(part, ticketOptions, scales)
    return createAnnealed(part, {
      ...ticketOptions,
      ...options,
      steps: settings.steps,
      anneal: settings.anneal!,
      softness: settings.softness!,
    })
  })
  const coats = partsOf(own(memory.coded, 'coats'), methods, settings)
  const levels = own(memory.coded, 'levels')
  return [
    ...masked,
    ...coats.map((part) => coatSearch(part, methods, settings, counts, options)),
    ...(levels.length > 0 ? [createLevels(levels, levelsOf(levels, methods), options)] : []),
  ]
}

const keepOf = (method: MatrixMethod): number => (method.kind === 'mask' ? method.keep : 1)

const levelsOf = (
  matrices: readonly CodedMemory[],
  methods: ReadonlyMap<string, MatrixMethod>,
): ReadonlyMap<string, number> =>
  new Map(matrices.map(({ name }) => [name, (methods.get(name) as MatrixMethod & { kind: 'levels' }).levels]))

/** Matrices with the same fractions together; under a global selection they share thresholds. */
function partsOf<M extends TicketMemory | CodedMemory>(
  matrices: readonly M[],
  methods: ReadonlyMap<string, MatrixMethod>,
  { selection }: Pick<SearchSettings, 'selection'>,
): M[][] {
  if (matrices.length === 0) return []
  if (selection !== 'global') return [[...matrices]]
  const parts = new Map<string, M[]>()
  for (const matrix of matrices) {
    const key = JSON.stringify(methods.get(matrix.name))
    parts.set(key, [...(parts.get(key) ?? []), matrix])
  }
  return [...parts.values()]
}

function coatSearch(
  part: readonly CodedMemory[],
  methods: ReadonlyMap<string, MatrixMethod>,
  { selection }: Pick<SearchSettings, 'selection'>,
  counts: ReadonlyMap<string, number>,
  options: Pick<Parameters<typeof createCoats>[1], 'scales' | 'unused'>,
): MatrixSearch {
  const coatsOf = ({ name }: CodedMemory) => methods.get(name) as MatrixMethod & { kind: 'coats' }
  const groups = selection === 'global' ? [part] : part.map((matrix) => [matrix])
  return createCoats(
    groups.map((matrices) => {
      const { keeps } = coatsOf(matrices[0])
      return { matrices, worn: keeps.map((keep) => keptOf(matrices, { keep, counts })) }
    }),
    { ...options, isSigned: coatsOf(part[0]).isSigned },
  )
}
