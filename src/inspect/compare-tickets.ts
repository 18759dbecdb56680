/** What the masks of two searched tickets share: the report of `slt inspect a b`. */
import { matricesOf } from '../families/family.js'
import { layerOf, type MatrixRole } from '../families/parameter.js'
import { inspectionBytes, type SearchedMatrix, type SearchedTicket, type SearchSummary } from '../ticket/index.js'
import { partShape, partsOf } from '../ticket/parts.js'
import type { InspectOptions } from './inspect-ticket.js'
import { countOverlap, type Overlap, type OverlapCounts, overlapOf, sumOverlaps } from './mask-overlap.js'
import { part } from './report.js'

/** How two matrices of the same name are related: the same random weights; the same random words, distributed otherwise; or nothing. */
export type Sharing = 'weights' | 'words' | 'nothing'

/** Kept parts of two masks. */
export interface KeptParts {
  readonly kept: readonly [number, number]
  /** Of all weights. */
  readonly fractions: readonly [number, number]
}

/** What is kept by both; null where the two masks are not of the same random words. */
export interface SharedParts extends Overlap {
  readonly both: number
  /** Of what each mask keeps. */
  readonly parts: readonly [number, number]
}

/** Two matrices of the same name. */
export interface ComparedMatrix extends KeptParts {
  readonly name: string
  readonly layer: number | null
  readonly role: MatrixRole
  readonly shapes: readonly [readonly [number, number], readonly [number, number]]
  readonly sharing: Sharing
  readonly shared: SharedParts | null
}

/** Matrices taken together. */
export interface ComparedTotal extends KeptParts {
  readonly matrices: number
  /** Weights of each ticket's matrices. */
  readonly weights: readonly [number, number]
  /** Over the matrices that share their random words; null where none does. */
  readonly shared: SharedParts | null
}

/** Everything that `slt inspect a b --json` prints beside the paths. */
export interface ComparisonReport {
  /** Of the files. */
  readonly sha256: readonly [string, string]
  /** Names of the two masks in their files. */
  readonly masks: readonly [string, string]
  readonly seeds: readonly [string, string]
  readonly searches: readonly [SearchSummary | null, SearchSummary | null]
  /** `weights` where all matrices have the same random weights in both, and neither ticket has others. */
  readonly network: Sharing | 'partly'
  /** Matrices of one ticket whose name the other does not have. */
  readonly alone: readonly [readonly string[], readonly string[]]
  readonly matrices: readonly ComparedMatrix[]
  readonly roles: readonly (ComparedTotal & { readonly role: MatrixRole })[]
  readonly total: ComparedTotal
}

type Pair<T> = readonly [T, T]

/**
 * Reads the masks of two tickets, matrix by matrix, and compares them. Where the random words differ, only how much each keeps.
 * @throws InputError when a mask is unsound, or a ticket needs more memory than it may ask for; the signal's reason when it aborts
 */
export async function compareTickets(
  tickets: Pair<SearchedTicket>,
  { onProgress, signal, decoderOf }: Omit<InspectOptions, 'onPicture' | 'fileMasks'> = {},
): Promise<ComparisonReport> {
  for (const ticket of tickets) ticket.memory.expect(inspectionBytes(ticket), 'inspect')
  const [a, b] = tickets
  const roles = new Map(matricesOf(a.metadata.config).map(({ name, role }) => [name, role]))
  const names = [...a.matrices.keys()].filter((name) => b.matrices.has(name))
  const counted: { matrix: ComparedMatrix; counts: OverlapCounts | null }[] = []
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted()
    onProgress?.(i, names.length, name)
    const specs = [a.matrices.get(name)!, b.matrices.get(name)!] as const
    const sharing = sharingOf(tickets, specs)
    const counts =
      sharing === 'nothing'
        ? null
        : countOverlap(
            sizeOf(specs[0]),
            [await a.readMask(name, decoderOf?.(specs[0])), await b.readMask(name, decoderOf?.(specs[1]))],
            startOf(tickets, specs),
          )
    const matrix = {
      name,
      layer: layerOf(name),
      role: roles.get(name)!,
      shapes: [specs[0].shape, specs[1].shape] as const,
      ...keptParts(
        specs.map(({ kept }) => kept),
        specs.map(sizeOf),
      ),
      sharing,
      shared: counts && sharedParts(counts),
    }
    counted.push({ matrix, counts })
  }
  const totalOf = (own: typeof counted): ComparedTotal => {
    const counts = own.flatMap(({ counts }) => (counts ? [counts] : []))
    const sum = (of: (matrix: ComparedMatrix, side: 0 | 1) => number) =>
      ([0, 1] as const).map((side) => own.reduce((total, { matrix }) => total + of(matrix, side), 0))
    const weights = sum(({ shapes }, side) => shapes[side][0] * shapes[side][1])
    return {
      matrices: own.length,
      weights: [weights[0], weights[1]],
      ...keptParts(
        sum(({ kept }, side) => kept[side]),
        weights,
      ),
      shared: counts.length > 0 ? sharedParts(sumOverlaps(counts)) : null,
    }
  }
  const found = [...new Set(counted.map(({ matrix }) => matrix.role))]
  const alone = tickets.map(({ matrices }) => [...matrices.keys()].filter((name) => !names.includes(name)))
  return {
    sha256: [a.sha256, b.sha256],
    masks: [a.mask, b.mask],
    seeds: [String(a.seed), String(b.seed)],
    searches: [a.metadata.search, b.metadata.search],
    network: networkOf(
      counted.map(({ matrix }) => matrix.sharing),
      alone.flat().length,
    ),
    alone: [alone[0], alone[1]],
    matrices: counted.map(({ matrix }) => matrix),
    roles: found.map((role) => ({ role, ...totalOf(counted.filter(({ matrix }) => matrix.role === role)) })),
    total: totalOf(counted),
  }
}

const sizeOf = ({ shape }: SearchedMatrix): number => shape[0] * shape[1]

function sharingOf([a, b]: Pair<SearchedTicket>, [one, two]: Pair<SearchedMatrix>): Sharing {
  const isSameShape = one.shape[0] === two.shape[0] && one.shape[1] === two.shape[1]
  if (a.seed !== b.seed || one.stream !== two.stream || !isSameShape) return 'nothing'
  return JSON.stringify(one.init) === JSON.stringify(two.init) ? 'weights' : 'words'
}

/** Where both searches started, if they did from the same scores. */
function startOf([{ seed }]: Pair<SearchedTicket>, [one, two]: Pair<SearchedMatrix>) {
  const isSame = one.scores !== undefined && one.scores !== null && one.scores === two.scores
  const mask = partsOf(one).find(({ kind }) => kind === 'mask')!
  return isSame ? partShape(one, mask, seed).magnitudes : null
}

/** A word for all matrices. @param alone how many matrices are of one ticket only */
function networkOf(sharings: readonly Sharing[], alone: number): ComparisonReport['network'] {
  const kinds = new Set(sharings)
  if (kinds.size === 0) return 'nothing'
  if (kinds.size === 1 && (alone === 0 || kinds.has('nothing'))) return sharings[0]
  return 'partly'
}

const keptParts = (kept: readonly number[], weights: readonly number[]): KeptParts => ({
  kept: [kept[0], kept[1]],
  fractions: [part(kept[0], weights[0]), part(kept[1], weights[1])],
})

function sharedParts(counts: OverlapCounts): SharedParts {
  const { kept, both } = counts
  return { both, parts: [part(both, kept[0]), part(both, kept[1])], ...overlapOf(counts) }
}
