import type { ChoiceOptions, TriedItems } from '../jobs/choose-items.js'
import type { PruneFileOptions } from '../jobs/prune.js'
import { interruptible } from './interrupt.js'
import { createProgress, type Progress } from './progress.js'
import { short, type Terminal } from './terminal.js'

/** What `slt prune --target-kl` asks for. */
interface WantedDivergence {
  readonly targetKl: number
  readonly itemsPer: 'model' | 'matrix'
}

/** The items that a divergence asks for, trial by trial. */
export async function chooseByDivergence(
  terminal: Terminal,
  { targetKl, itemsPer }: WantedDivergence,
  options: ChoiceOptions,
): Promise<{ items: PruneFileOptions['items']; tried: TriedItems[] }> {
  const [{ chooseItems }, { chooseMatrixItems }] = await Promise.all([
    import('../jobs/choose-items.js'),
    import('../jobs/choose-matrix-items.js'),
  ])
  const onTrial = ({ items, itemsPer: per, divergence, bitsPerWeight }: TriedItems) =>
    terminal.print(
      `${per === 'matrix' ? `up to ${items} items by matrix` : `${items} items`}: ${short(divergence)} nats a token, ${short(bitsPerWeight)} bits a weight`,
    )
  if (itemsPer === 'model') return interruptible((signal) => chooseItems(targetKl, { ...options, signal }, onTrial))
  let progress: Progress | undefined // made after the prunings before it: its rate is that of the matrices
  const onMatrix = (done: number, total: number, pair: string) => {
    progress ??= createProgress('matrices')
    if (done < total) progress.update(done, total, `divergence of ${pair}`)
    else progress.stop()
  }
  try {
    return await interruptible((signal) => chooseMatrixItems(targetKl, { ...options, signal }, onTrial, onMatrix))
  } finally {
    progress?.stop()
  }
}
