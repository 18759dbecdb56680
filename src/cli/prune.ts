import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { bytesText } from '../inspect/bytes-text.js'
import type { PruneFileOptions } from '../jobs/prune.js'
import type { PruneReport } from '../prune/prune.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { randomTarget, readTarget, type Target } from './target.js'
import { count, createTerminal, secondsText, short, type Terminal, table } from './terminal.js'
import { integer, oneOf, readScale, seedOption } from './values.js'

/** Options of `slt prune`, read. */
export interface PruneFlags {
  items: number
  seed: bigint
  out?: string
  random?: string
  layers?: number
  scale: 'auto' | number
  method: 'balanced' | 'plain'
  threads: number
  force?: boolean
  json?: boolean
}

const help = `
Examples:
  slt prune data/gpt-nano-sort --items 16 --seed 7 --out sorter.slt.safetensors
  slt prune --random gpt2-small --layers 1 --items 16 --out layer.slt.safetensors

The folder is a Hugging Face GPT-2 (config.json, model.safetensors). Every linear map is replaced by pruned random
matrices; embeddings and LayerNorm are kept dense. An interrupted run continues when the same command is given again;
other settings are refused there, unless --force drops what it has finished.`

/** Adds `slt prune`. */
export function addPrune(program: Command): void {
  const command = program
    .command('prune')
    .description('prune random matrices, changing no weight, until they act as a given GPT-2; writes a ticket')
    .argument('[folder]', 'a Hugging Face GPT-2 folder')
    .option('--items <n>', "random products for one weight, n'", integer('items', 1, 256), 16)
    .addOption(seedOption('seed of all random weights, an unsigned 64-bit integer', 0n))
    .option('--out <file>', 'where the ticket goes (default: <name>.slt.safetensors)')
    .option(
      '--random <shape>',
      'a random target instead of a folder: gpt2-nano-sort, gpt2-mini, gpt2-small, gpt2-medium',
    )
    .option('--layers <n>', 'layers of the random target', integer('layers', 1, 1000))
    .option(
      '--scale <s>',
      "range of the random weights: auto (a power of two for each matrix), 1 (the theorem's) or another",
      readScale,
      'auto' as const,
    )
    .option(
      '--method <m>',
      "balanced (unequal groups, no tail) or plain (the paper's construction)",
      oneOf('method', ['balanced', 'plain']),
      'balanced' as const,
    )
    .option('--threads <n>', 'worker threads', integer('threads', 1, 256), availableParallelism())
    .option('--force', 'replace the ticket that is there, and drop an interrupted run of other settings')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (folder: string | undefined, flags: PruneFlags) => {
      if ((folder === undefined) === (flags.random === undefined)) {
        command.error('slt: give a folder or --random <shape>, one of them', { exitCode: 2 })
      }
      if (flags.layers !== undefined && flags.random === undefined) {
        command.error('slt: --layers goes with --random', { exitCode: 2 })
      }
      const terminal = createTerminal(flags)
      const target =
        folder === undefined ? await randomTarget(flags.random!, flags.layers, flags.seed) : await readTarget(folder)
      for (const warning of target.warnings) terminal.note(warning)
      const out = flags.out ?? `${target.name}.slt.safetensors`
      const report = await prune(target, { ...flags, out, inputs: folder === undefined ? [] : [folder] })
      printReport(terminal, report, out)
      terminal.result({ ...report, out, warnings: target.warnings })
    })
}

/** Prunes with a progress bar. */
export async function prune(
  target: Target,
  flags: PruneFlags & Pick<PruneFileOptions, 'out' | 'inputs' | 'isSame' | 'advice'>,
): Promise<PruneReport> {
  const { pruneModel } = await import('../jobs/prune.js')
  const { items, seed, scale, method, threads, out, inputs, isSame, advice, force } = flags
  const progress = createProgress('weights')
  try {
    const run = (signal: AbortSignal) =>
      pruneModel({
        target,
        items,
        seed,
        scale,
        method,
        threads,
        out,
        inputs,
        isSame,
        advice,
        force,
        signal,
        onProgress: ({ pair, done, total, weightsDone, weightsTotal }) =>
          progress.update(
            weightsDone,
            weightsTotal,
            weightsDone < weightsTotal ? `${pair} (${count(done)} of ${count(total)})` : pair,
          ),
      })
    return await interruptible(run, 'the same command goes on with the matrices that are not finished')
  } finally {
    progress.stop()
  }
}

/** The table of the matrices and what follows from it. */
export function printReport(terminal: Terminal, report: PruneReport, out: string): void {
  const unproved = report.provedOptimal ? [] : ['not proved optimal']
  const head = ['matrix', 'weights', 'unreachable', 'largest error', 'median error', 'expected gap']
  if (!report.provedOptimal) head.push('subset sums')
  const rows = report.pairs.map((pair) => [
    pair.name,
    count(pair.weights),
    count(pair.unreachable),
    short(pair.maxError),
    short(pair.medianError),
    short(pair.expectedGap),
    ...unproved,
  ])
  const { bold } = terminal.colour
  terminal.print(table(terminal.colour, head, rows))
  terminal.print()
  terminal.print(
    `${count(report.weights)} weights, ${count(report.unreachable)} out of reach; largest error ${short(report.maxWeightError)}, median ${short(report.medianWeightError)}`,
  )
  if (!report.provedOptimal) {
    terminal.print(
      `not proved optimal: with ${report.items} products a weight, more than ${MAX_EXACT_ITEMS}, the solver stops near 2^-26 of the largest product; the expected gap is that of the best subset, which is not looked for`,
    )
  }
  terminal.print(`largest difference of the logits from the target's: ${bold(short(report.maxLogitError))}`)
  if (report.resumed > 0) terminal.print(`${count(report.resumed)} matrices taken over from an interrupted run`)
  terminal.print('kept dense: token and position embeddings, LayerNorm gains and biases')
  terminal.print(
    `${secondsText(report.seconds)}, ${count(report.solvesPerSecond)} subset sums a second; ${bold(out)}, ${bytesText(report.ticketBytes)}`,
  )
}
