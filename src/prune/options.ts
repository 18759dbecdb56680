/** What is asked of a construction. */
import type { BaseConfig } from '../families/config.js'
import { checkConfig } from '../families/family.js'
import { defaultAttention, type PairChoice, pairPlans } from '../families/pair-plan.js'
import { heldParameters, type ModelWeights } from '../families/weights.js'
import type { GraphRunner } from '../graph/index.js'
import type { Kernels } from '../kernels/index.js'
import { type Seed, seedWords } from '../random/index.js'
import type { Construction, CreateSha256, TicketStorage } from '../ticket/index.js'
import type { Sequences } from './compare-predictions.js'
import { LARGEST_SCALE, LEAST_SCALE } from './pair-source.js'
import type { PruneElsewhere, PruneProgress } from './prune-pairs.js'
import type { PrunePool } from './task.js'

/** What the construction needs of the machine; src/jobs provides it. */
export interface PrunePlatform {
  pool: PrunePool
  /** Prunes the matrices instead of the pool. */
  elsewhere?: PruneElsewhere | undefined
  kernels: Kernels
  runner: GraphRunner
  storage: TicketStorage
  createSha256: CreateSha256
}

/** A trained model, its weights by the names of its family's parameters. */
export interface PruneTarget {
  config: BaseConfig
  weights: ModelWeights
}

export interface PruneOptions {
  target: PruneTarget
  /** n', random products for one weight: integer, 1 to 256; or one for each pair of the model by its name. */
  items: number | ReadonlyMap<string, number>
  /** The same for the weights of embeddings. Default: `items`; none where these are by pair. */
  embeddingItems?: number | undefined
  /** Unsigned 64-bit. */
  seed: Seed
  /**
   * 'auto' (a power of two a matrix), or a bound on the products, 2^-96 to 2^96; 1 is the theorem's setting.
   * Default 'auto'.
   */
  scale?: 'auto' | number
  /** Default 'balanced'. */
  method?: 'balanced' | 'plain'
  /** Default: `merged`, for rotary families `factored`. */
  attention?: PairChoice['attention'] | undefined
  /** What keeps its float values. Default 'none'. */
  dense?: PairChoice['dense'] | undefined
  /** What the pruned model is compared with the target on. Default: what the target writes, for encoders random tokens. */
  sequences?: Sequences | undefined
  /** Most bytes that the ticket may ask for when it is run: see `openTicket`. Default 4e9. */
  memoryLimit?: number | undefined
  /** Where the ticket goes. Beside it lie the working files of an unfinished run, which the next one resumes. */
  out: string
  /** Drops the finished matrices of an interrupted run of other settings; default: no, they are refused. */
  force?: boolean | undefined
  signal?: AbortSignal
  onProgress?(progress: PruneProgress): void
}

/** The choices of some options, with their defaults. */
export const pairChoiceOf = ({
  target,
  attention,
  dense,
}: Pick<PruneOptions, 'target' | 'attention' | 'dense'>): PairChoice => ({
  attention: attention ?? defaultAttention(target.config),
  dense: dense ?? 'none',
})

/** What a ticket says of its construction. */
export const constructionOf = (options: Omit<PruneOptions, 'out' | 'seed'>): Construction => {
  const { items, embeddingItems, scale = 'auto', method = 'balanced' } = options
  if (typeof items !== 'number') {
    return { items: Math.max(...items.values()), scale, method, ...pairChoiceOf(options), itemsPer: 'matrix' }
  }
  const own = embeddingItems === undefined || embeddingItems === items ? {} : { embeddingItems }
  return { items, scale, method, ...pairChoiceOf(options), ...own }
}

/** @throws RangeError or TypeError for options or a target that do not fit */
export function checkOptions(options: PruneOptions): void {
  const { target, items, embeddingItems, seed, scale = 'auto', method = 'balanced', out } = options
  if (typeof items === 'number') checkItems('items', items)
  if (embeddingItems !== undefined) checkItems('embeddingItems', embeddingItems)
  if (options.embeddingItems !== undefined && options.dense === 'embeddings') {
    throw new RangeError(
      `"embeddingItems" expected nothing where embeddings stay dense (an output matrix of its own has "items"), got ${embeddingItems}`,
    )
  }
  if (scale !== 'auto' && !(scale >= LEAST_SCALE && scale <= LARGEST_SCALE))
    throw new RangeError(`"scale" expected auto or a number from 2^-96 to 2^96, got ${scale}`)
  if (method !== 'balanced' && method !== 'plain')
    throw new RangeError(`"method" expected balanced or plain, got ${method}`)
  if (typeof out !== 'string' || out === '') throw new TypeError('"out" expected a path')
  seedWords(seed)
  checkConfig(target.config)
  heldParameters(target.config, target.weights)
  if (typeof items !== 'number') checkItemsByPair(items, options)
}

function checkItems(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= 256) return
  throw new RangeError(`"${name}" expected an integer from 1 to 256, got ${value}`)
}

function checkItemsByPair(items: ReadonlyMap<string, number>, options: PruneOptions): void {
  if (options.embeddingItems !== undefined) {
    throw new RangeError(`"embeddingItems" expected none beside items by pair, got ${options.embeddingItems}`)
  }
  const plans = pairPlans(options.target.config, pairChoiceOf(options))
  for (const { name } of plans) checkItems(`items of ${name}`, items.get(name) ?? Number.NaN)
  if (items.size > plans.length) {
    const names = new Set(plans.map(({ name }) => name))
    const unknown = [...items.keys()].find((name) => !names.has(name))
    throw new RangeError(`"items" expected names of pairs, got ${unknown}`)
  }
}
