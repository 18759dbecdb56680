/** What the source of a target matrix looks like: width, streams and initialisation (Lemma 4/7, section on MHA). */
import type { PairPlan } from '../families/pair-plan.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import type { PairSpec } from '../ticket/index.js'

/** The shape and size of a target matrix. */
export interface TargetSize {
  name: string
  inputs: number
  outputs: number
  /** Largest magnitude of its entries, >= 0. */
  largest: number
  /** Query coordinates for each hidden unit, of pairs that make the scores of attention; see `queriesOfUnit` of families. */
  queries?: number | undefined
}

/**
 * Scales outside of this are refused, and 'auto' stops at the least: the random weights are float32, and those of a
 * smaller or larger range would become 0 or infinite.
 */
export const LEAST_SCALE = 2 ** -96
export const LARGEST_SCALE = 2 ** 96

/** How the construction is to be done. */
export interface PlanOptions {
  /** Random products for one weight, n'; 1 to 256. */
  items: number
  /** 'auto': a power of two per matrix; a number: the bound on a product of two source weights (1 is the theorem's). */
  scale: 'auto' | number
  method: 'balanced' | 'plain'
}

/**
 * Tables and shifts with fewer inputs than this get further products a weight, and the scale of the plain construction: where a unit may see
 * one input or one of few, there is little for the balanced construction to choose. Measured: of 18 shifts 2 were out of reach at 20 products
 * and none at 28; of the sorter's 11 x 48 position embeddings 1 at 16.
 */
const FEW_INPUTS = 32
const FURTHER_ITEMS = 8

/**
 * How the source of a pair is planned.
 * @param options.items random products for a weight, or those of each pair by its name, which are taken as they are
 * @param options.embeddingItems random products for a weight of a table; default: `items`
 */
export function sourceOptions(
  { name, part, inputs }: Pick<PairPlan, 'name' | 'part' | 'inputs'>,
  options: {
    items: number | ReadonlyMap<string, number>
    embeddingItems?: number | undefined
    scale?: PlanOptions['scale'] | undefined
    method?: PlanOptions['method'] | undefined
  },
): PlanOptions {
  const { items, embeddingItems, scale = 'auto', method = 'balanced' } = options
  const isNarrow = (part === 'table' || part === 'shift') && inputs < FEW_INPUTS
  if (typeof items !== 'number') return { items: items.get(name)!, scale, method: isNarrow ? 'plain' : method }
  const asked = part === 'table' ? (embeddingItems ?? items) : items
  if (!isNarrow) return { items: asked, scale, method }
  return { items: Math.max(asked, Math.min(asked + FURTHER_ITEMS, MAX_EXACT_ITEMS)), scale, method: 'plain' }
}

/**
 * Bound on a product of the pair's two weights. Automatically the least power of two that is no less than the target's
 * largest entry; half of that for the balanced construction, whose items are about twice as large. A target without
 * entries other than 0 gets 2^-24.
 */
export function sourceScale(largest: number, { scale, method }: PlanOptions): number {
  if (scale !== 'auto') return scale
  if (largest === 0) return 2 ** -24
  let power = LEAST_SCALE
  while (power < largest) power *= 2
  return method === 'balanced' ? power / 2 : power
}

/**
 * The pair that stands for a target: n' d1 hidden units. Pairs that make scores are initialised on U[-n^(1/4), n^(1/4)] and divided
 * by sqrt(n) for n query coordinates, as the theorems ask, the others on U[-1, 1]; the scale multiplies the second matrix.
 *
 * @param index position of the pair in the model: it reads streams 2 index and 2 index + 1
 */
export function planSource(target: TargetSize, index: number, options: PlanOptions): PairSpec {
  const { name, inputs, outputs, largest, queries } = target
  const hidden = inputs * options.items
  const width = queries === undefined ? 1 : queries * hidden
  const range = Math.sqrt(Math.sqrt(width))
  return {
    name,
    inputs,
    hidden,
    outputs,
    activation: 'linear',
    divisor: Math.sqrt(width),
    first: { stream: 2 * index, init: { kind: 'uniform', range } },
    second: { stream: 2 * index + 1, init: { kind: 'uniform', range: range * sourceScale(largest, options) } },
  }
}

/** Bound on a product of a planned pair's two weights over its divisor. */
export function productRange(spec: PairSpec): number {
  const { first, second, divisor } = spec
  if (first.init.kind !== 'uniform' || second.init.kind !== 'uniform')
    throw new TypeError(`"${spec.name}" expected uniform initialisations`)
  return (first.init.range * second.init.range) / divisor
}
