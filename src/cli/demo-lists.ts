/** What the pruned sorter does in `slt demo`: it sorts lists of six letters of {0, 1, 2}. */
import { interruptible } from './interrupt.js'
import { type Terminal, table } from './terminal.js'

const LETTERS = 6
const LISTS = 500
/** Lists at a time: at full source width more no longer fit the cache (64 are 1.5 times as fast a list as 500). */
const BATCH = 64

/** Sorts random lists by the ticket, and prints a few. */
export async function showLists(terminal: Terminal, { out, seed }: { out: string; seed: bigint }) {
  const { sorted, shown } = await interruptible((signal) => sortLists(out, seed, signal))
  printLists(terminal, shown)
  terminal.print()
  const { bold } = terminal.colour
  terminal.print(bold(`${sorted} of ${LISTS} random lists sorted, by random weights and masks alone`))
  return { sorted, lists: LISTS, passed: sorted === LISTS }
}

interface SortedList {
  readonly list: readonly number[]
  readonly answer: readonly number[]
}

/** The ticket's greedy continuation of random lists, against sorting. */
async function sortLists(
  path: string,
  seed: bigint,
  signal: AbortSignal,
): Promise<{ sorted: number; shown: SortedList[] }> {
  const [{ openTicketModel }, { generateGreedyBatch }, { uniform }] = await Promise.all([
    import('../jobs/ticket-model.js'),
    import('../families/generate.js'),
    import('../random/index.js'),
  ])
  // Stream 2^53 - 1 of the seed: no matrix reads it.
  const letters = uniform(seed, Number.MAX_SAFE_INTEGER, LISTS * LETTERS).map((u) => Math.floor((3 * (u + 1)) / 2))
  const lists = Array.from({ length: LISTS }, (_, i) => [...letters.subarray(i * LETTERS, (i + 1) * LETTERS)])
  const { model, close } = await openTicketModel(path)
  try {
    // 729 lists are possible, so 500 draws are some 360 lists: each is answered once.
    const different = [...new Map(lists.map((list) => [list.join(), list])).values()]
    const answers = new Map<string, number[]>()
    for (let i = 0; i < different.length; i += BATCH) {
      signal.throwIfAborted()
      const some = different.slice(i, i + BATCH)
      const found = await generateGreedyBatch(model, some, LETTERS)
      for (const [j, list] of some.entries()) answers.set(list.join(), found[j])
    }
    const all = lists.map((list) => ({ list, answer: answers.get(list.join())! }))
    return { sorted: all.filter(isSorted).length, shown: all.slice(0, 6) }
  } finally {
    await close()
  }
}

const isSorted = ({ list, answer }: SortedList) => [...list].sort().join() === answer.join()

function printLists(terminal: Terminal, lists: readonly SortedList[]): void {
  const { green, red, bold } = terminal.colour
  const letters = (tokens: readonly number[]) => tokens.map((token) => 'ABC'[token]).join(' ')
  const rows = lists.map((entry) => [
    letters(entry.list),
    bold(letters(entry.answer)),
    isSorted(entry) ? green('sorted') : red('wrong'),
  ])
  terminal.print(table(terminal.colour, ['a list', "the ticket's answer", ''], rows))
}
