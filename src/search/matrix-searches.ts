/** One search for the matrices of each method. */
import { matricesOf } from '../families/family.js'
import type { CodedMemory, ParameterMemory, TicketMemory } from '../kernels/index.js'
import { keptOf, type TicketOptions } from '../kernels/ticket-step.js'
import type { MatrixSearch } from './algorithm.js'
import { createAnnealed } from './annealed.js'
import { type CodedOptions, createAdaSup, createCoats, createLevels } from './coded-search.js'
import { createBiprop, createEdgePopup } from './edge-popup.js'
import { type MatrixMethod, matrixMethods } from './matrix-methods.js'
import { createSampled } from './sampled.js'
import { scoreDistance } from './score-quantiser.js'
import type { SearchSettings } from './settings.js'
import { createSoftLevels } from './soft-levels.js'

type MethodOf<K extends MatrixMethod['kind']> = Extract<MatrixMethod, { kind: K }>

/** A matrix with its method. */
interface Own<M, K extends MatrixMethod['kind']> {
  readonly matrix: M
  readonly method: MethodOf<K>
}

/** Under a global selection matrices of the same fractions share thresholds. */
export function createSearches(
  memory: ParameterMemory,
  settings: SearchSettings,
  options: CodedOptions,
): MatrixSearch[] {
  const methods = matrixMethods(settings)
  const own = <M extends { readonly name: string }, K extends MatrixMethod['kind']>(matrices: readonly M[], kind: K) =>
    matrices.flatMap((matrix): Own<M, K>[] => {
      const method = methods.get(matrix.name)!
      return method.kind === kind ? [{ matrix, method: method as MethodOf<K> }] : []
    })
  const counts = new Map([...options.unused].map(([name, { used }]) => [name, used]))
  const isGlobal = settings.selection === 'global'
  const searches: MatrixSearch[] = []

  const masks = partsOf(own(memory.tickets, 'mask'), ({ keep }) => isGlobal && keep)
  for (const part of masks) {
    const keeps = new Map(part.map(({ matrix, method }) => [matrix.name, method.keep]))
    const selection: TicketOptions = { keep: part[0].method.keep, selection: settings.selection, keeps, counts }
    const matrices = part.map(({ matrix }) => matrix)
    searches.push(createMasks(matrices, selection, settings, options))
  }

  const coats = partsOf(own(memory.coded, 'coats'), ({ keeps, isSigned }) => `${isSigned} ${isGlobal && keeps}`)
  for (const part of coats) {
    const groups = (isGlobal ? [part] : part.map((each) => [each])).map((group) => {
      const matrices = group.map(({ matrix }) => matrix)
      return { matrices, worn: group[0].method.keeps.map((keep) => keptOf(matrices, { keep, counts })) }
    })
    searches.push(createCoats(groups, { ...options, isSigned: part[0].method.isSigned }))
  }

  const quantised = own(memory.coded, 'quantised')
  if (quantised.length > 0) {
    const quantisers = mapOf(quantised, ({ keep, most }) => ({ distance: scoreDistance(keep), most }))
    searches.push(createAdaSup(memoriesOf(quantised), quantisers, options))
  }

  const levels = own(memory.coded, 'levels')
  if (levels.length > 0) {
    const counted = mapOf(levels, ({ levels }) => levels)
    const { algorithm, steps, anneal, softness } = settings
    const isSoft = algorithm === 'levels' && softness !== undefined
    searches.push(
      isSoft
        ? createSoftLevels(memoriesOf(levels), counted, { ...options, steps, anneal: anneal!, softness })
        : createLevels(memoriesOf(levels), counted, options),
    )
  }

  const sampled = own(memory.coded, 'sampled').map(({ matrix, method: { keep } }) => {
    const index = matricesOf(settings.config).findIndex(({ name }) => name === matrix.name)
    return { matrix, index, keep, kept: keptOf([matrix], { keep, counts }) }
  })
  if (sampled.length > 0) {
    searches.push(createSampled(sampled, { ...options, seed: BigInt(settings.seed), steps: settings.steps }))
  }
  return searches
}

function createMasks(
  matrices: readonly TicketMemory[],
  selection: TicketOptions,
  { algorithm, steps, anneal, softness }: SearchSettings,
  options: CodedOptions,
): MatrixSearch {
  switch (algorithm) {
    case 'annealed':
      return createAnnealed(matrices, { ...selection, ...options, steps, anneal: anneal!, softness: softness! })
    case 'biprop':
      return createBiprop(matrices, selection)
    default:
      return createEdgePopup(matrices, selection, options.scales)
  }
}

/** Matrices whose methods have the same key. */
function partsOf<M extends TicketMemory | CodedMemory, K extends MatrixMethod['kind']>(
  own: readonly Own<M, K>[],
  keyOf: (method: MethodOf<K>) => unknown,
): Own<M, K>[][] {
  const parts = new Map<unknown, Own<M, K>[]>()
  for (const each of own) {
    const key = keyOf(each.method)
    parts.set(key, [...(parts.get(key) ?? []), each])
  }
  return [...parts.values()]
}

const memoriesOf = (own: readonly { readonly matrix: CodedMemory }[]) => own.map(({ matrix }) => matrix)

const mapOf = <K extends MatrixMethod['kind'], T>(
  own: readonly Own<CodedMemory, K>[],
  read: (method: MethodOf<K>) => T,
): ReadonlyMap<string, T> => new Map(own.map(({ matrix, method }) => [matrix.name, read(method)]))
