import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { openFile } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { allocateItems, type ItemsChoice } from '../prune/allocate-items.js'
import { matrixDivergences } from '../prune/matrix-divergences.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { expectPruned, openTicket } from '../ticket/index.js'
import { type ChoiceOptions, FIRST, guessItems, notMet, type TriedItems, withTrials } from './choose-items.js'

/** Fewest items of the trial in which matrices are measured: with fewer, weights out of reach hide how errors fall. */
const LEAST_MEASURED = 8

/** A choice of this part of the wanted divergence, or more, is taken: half an item on average in no more than a few matrices. */
const CLOSE = 0.8

/** Prunings with items by matrix, at most: each corrects what the law expects by what the one before it had. */
const MOST_TRIALS = 4

/**
 * Items for each matrix, so that bits go where they pay: of the choices with which the divergence from the target is at most `targetKl`, one of few
 * bits. A pruning with one number for all shows what each matrix costs (`matrixDivergences`); `allocateItems` chooses; a pruning with the chosen items shows
 * the divergence that they have together, by which the next choice is corrected.
 * @param onTrial told of each pruning as it ends
 * @param onMatrix told before each matrix is measured, and when all are
 * @throws as `chooseItems` does
 */
export async function chooseMatrixItems(
  targetKl: number,
  options: ChoiceOptions,
  onTrial: (trial: TriedItems) => void = () => {},
  onMatrix: (done: number, total: number, pair: string) => void = () => {},
): Promise<{ items: ReadonlyMap<string, number>; tried: TriedItems[] }> {
  const tried: TriedItems[] = []
  const items = await withTrials(targetKl, options, async (prune) => {
    const trial = async (items: number | ReadonlyMap<string, number>) => {
      const { path, ...found } = await prune(items)
      tried.push(found)
      onTrial(found)
      return { path, ...found }
    }
    const first = await trial(FIRST)
    const guess = Math.max(LEAST_MEASURED, Math.min(guessItems(first, targetKl), MAX_EXACT_ITEMS))
    const measured = guess === FIRST ? first : await trial(guess)
    const pairs = await measure(measured.path, options, onMatrix)
    let best: { readonly items: ReadonlyMap<string, number>; readonly bitsPerWeight: number } | undefined
    let wanted = targetKl
    for (let number = 1; number <= MOST_TRIALS; number++) {
      const { items, expected } = allocateItems(pairs, wanted, MAX_EXACT_ITEMS)
      const found = await trial(items)
      const { divergence, bitsPerWeight } = found
      if (divergence <= targetKl && bitsPerWeight < (best?.bitsPerWeight ?? Number.POSITIVE_INFINITY)) {
        best = { items, bitsPerWeight }
      }
      if (divergence <= targetKl && divergence >= CLOSE * targetKl) break
      wanted = 0.95 * targetKl * (expected / divergence)
    }
    if (best === undefined) throw notMet(targetKl, tried.at(-1)!)
    return best.items
  })
  return { items, tried }
}

async function measure(
  path: string,
  { target, sequences, signal }: ChoiceOptions,
  onProgress: (done: number, total: number, pair: string) => void,
): Promise<ItemsChoice[]> {
  const source = await openFile(path, 'ticket')
  try {
    const ticket = expectPruned(await openTicket(source, nodeSha256))
    const platform = { kernels: await loadKernels(), runner: createGraphRunner() }
    const divergences = await matrixDivergences(platform, { target, ticket, sequences, signal, onProgress })
    return [...divergences].map(([name, divergence]) => {
      const { inputs, hidden, outputs } = ticket.pairs.get(name)!
      return { name, items: hidden / inputs, divergence, bits: inputs * (outputs + 16) }
    })
  } finally {
    await source.close()
  }
}
