import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { interruptible } from './interrupt.js'
import { printReport, prune } from './prune.js'
import { readTarget } from './target.js'
import { createTerminal, type Terminal, table } from './terminal.js'
import { integer, oneOf, seedOption } from './values.js'
import { printChecks, verify } from './verify.js'

interface DemoFlags {
  items: number
  seed: bigint
  method: 'balanced' | 'plain'
  out: string
  force?: boolean
  json?: boolean
}

/** The bundled sorter: lists of six letters of {0, 1, 2}. */
const sorter = fileURLToPath(new URL('../../data/gpt-nano-sort', import.meta.url))
const LETTERS = 6
const LISTS = 500
/** Lists at a time: at full source width more no longer fit the cache (64 are 1.5 times as fast a list as 500). */
const BATCH = 64

const help = `
Examples:
  slt demo
  slt demo --items 12 --method plain --out plain.slt.safetensors

Its own ticket of the same settings is replaced when it is given again; any other file needs --force, or another --out.`

/** Adds `slt demo`, which is what `npm start` runs. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('prune the bundled sorting transformer, verify the ticket, and sort with it')
    .option('--items <n>', "random products for one weight, n'", integer('items', 1, 256), 16)
    .addOption(seedOption('seed of all random weights', 7n))
    .option('--method <m>', 'balanced or plain', oneOf('method', ['balanced', 'plain']), 'balanced' as const)
    .option('--out <file>', 'where the ticket goes', 'sorter.slt.safetensors')
    .option('--force', 'replace the file that is there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(demo)
}

async function demo(flags: DemoFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const { bold, dim } = terminal.colour
  const target = await readTarget(sorter)
  const { layers, width, heads } = target.config
  terminal.print(bold('Pruning a random transformer until it sorts'))
  terminal.print(
    dim(
      `target: a trained GPT, ${layers} layers, width ${width}, ${heads} heads; source: random weights of seed ${flags.seed}`,
    ),
  )
  terminal.print()
  const { isPruneOf } = await import('../jobs/prune.js')
  const options = { ...flags, scale: 'auto' as const, threads: availableParallelism(), inputs: [sorter] }
  const again = process.env.npm_lifecycle_event === 'start' ? 'npm start -- ' : '' // npm takes options before -- for its own
  const advice = `${again}--force replaces it, another --out keeps both`
  const report = await prune(target, { ...options, advice, isSame: (path) => isPruneOf(path, { ...options, target }) })
  printReport(terminal, report, flags.out)
  terminal.print()
  const { checks } = await verify(flags.out, { target })
  printChecks(terminal, checks)
  terminal.print()
  const { sorted, shown } = await interruptible((signal) => sortLists(flags.out, flags.seed, signal))
  printLists(terminal, shown)
  terminal.print()
  terminal.print(bold(`${sorted} of ${LISTS} random lists sorted, by random weights and masks alone`))
  const passed = sorted === LISTS && checks.every((check) => check.passed)
  terminal.result({ ...report, out: flags.out, checks, sorted, lists: LISTS, passed })
  if (!passed) process.exitCode = 1
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
    const answers: number[][] = []
    for (let i = 0; i < LISTS; i += BATCH) {
      signal.throwIfAborted()
      answers.push(...(await generateGreedyBatch(model, lists.slice(i, i + BATCH), LETTERS)))
    }
    const all = lists.map((list, i) => ({ list, answer: answers[i] }))
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
