import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { familyOf } from '../families/family.js'
import { InputError } from '../safetensors/index.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { type PruneFileOptions, pruneModel } from './prune.js'

/** A pruning that was tried. */
export interface TriedItems {
  /** Random products a weight; where each matrix has its own, the most of any. */
  readonly items: number
  readonly itemsPer: 'model' | 'matrix'
  /** Mean KL(target || ticket) that it had, in nats a token. */
  readonly divergence: number
  /** Bits of its file for each weight of the model. */
  readonly bitsPerWeight: number
}

/** Options of a pruning whose items are chosen. */
export type ChoiceOptions = Omit<PruneFileOptions, 'items' | 'out'>

/** Prunes with some items, and keeps the ticket while trials go on. @returns what it had, and where the ticket is */
export type Trial = (items: PruneFileOptions['items']) => Promise<TriedItems & { readonly path: string }>

/** Items of the first trial: few are fast. */
export const FIRST = 8

/**
 * How much the logarithm of the divergence falls with an item: errors fall by about half, and the divergence with their square. It only says
 * where to try next.
 */
const FALL = 2 * Math.LN2

/**
 * The least number of items, one for all matrices, with which a pruned model's divergence from its target is at most `targetKl`, as far as
 * trials show: the one before it was tried and exceeded it, or is 1. Trials are whole prunings, written to a folder of the system's for
 * temporary files.
 * @param targetKl nats a token, > 0
 * @param options of the pruning, without `items` and `out`
 * @param onTrial told of each trial as it ends
 * @throws RangeError for a target out of range, or an encoder, which predicts no next token; InputError where 28 items do not suffice
 */
export async function chooseItems(
  targetKl: number,
  options: ChoiceOptions,
  onTrial: (trial: TriedItems) => void = () => {},
): Promise<{ items: number; tried: TriedItems[] }> {
  const tried: TriedItems[] = []
  const items = await withTrials(targetKl, options, async (trial) => {
    const divergences = new Map<number, number>()
    for (let items = FIRST; ; ) {
      const { path, ...found } = await trial(items)
      await rm(path)
      divergences.set(items, found.divergence)
      tried.push(found)
      onTrial(found)
      const next = nextItems(divergences, targetKl)
      if (next === 'found') break
      if (next > MAX_EXACT_ITEMS) throw notMet(targetKl, found)
      items = next
    }
    return Math.min(...[...divergences].filter(([, divergence]) => divergence <= targetKl).map(([count]) => count))
  })
  return { items, tried }
}

export const notMet = (targetKl: number, { items, divergence }: TriedItems): InputError =>
  new InputError(`"target-kl" ${targetKl} is not met: ${items} items have ${divergence.toExponential(2)} nats a token`)

/**
 * Tries prunings in a folder of the system's for temporary files, which is removed in the end.
 * @throws RangeError for a target out of range, or an encoder
 */
export async function withTrials<T>(
  targetKl: number,
  options: ChoiceOptions,
  choose: (trial: Trial) => Promise<T>,
): Promise<T> {
  if (!(targetKl > 0 && targetKl < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"target-kl" expected a finite number > 0, got ${targetKl}`)
  }
  const { title, task } = familyOf(options.target.config)
  if (task !== 'causal') {
    throw new RangeError(`"target-kl" expected a model that predicts the next token, got a ${title}; --items sets them`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'slt-items-'))
  let number = 0
  try {
    return await choose(async (items) => {
      const path = join(folder, `${number++}.slt.safetensors`)
      const report = await pruneModel({ ...options, items, out: path, inputs: [], force: true })
      const { itemsPer, bitsPerWeight, difference } = report
      return { items: report.items, itemsPer, divergence: difference.predictions!.divergence, bitsPerWeight, path }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The number of items at which the law expects a divergence, from a trial. */
export const guessItems = ({ items, divergence }: Pick<TriedItems, 'items' | 'divergence'>, targetKl: number): number =>
  items + Math.ceil(Math.log(divergence / targetKl) / FALL)

/** Where to try next: between the largest number that does not suffice and the smallest that does, or `found` where nothing is between. */
export function nextItems(tried: ReadonlyMap<number, number>, targetKl: number): number | 'found' {
  const enough = [...tried].filter(([, divergence]) => divergence <= targetKl).map(([items]) => items)
  const least = Math.min(...enough, Number.POSITIVE_INFINITY)
  const most = Math.max(0, ...[...tried.keys()].filter((items) => items < least && !enough.includes(items)))
  if (least - most === 1) return 'found'
  const [items, divergence] = [...tried].at(-1)!
  const guess = guessItems({ items, divergence }, targetKl)
  const upper = Number.isFinite(least) ? least - 1 : Math.max(most + 1, Math.min(guess, MAX_EXACT_ITEMS))
  if (!Number.isFinite(least) && most >= MAX_EXACT_ITEMS) return MAX_EXACT_ITEMS + 1
  return Math.max(most + 1, Math.min(guess, upper))
}
