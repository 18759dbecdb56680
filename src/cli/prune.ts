import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import type { PairChoice } from '../families/pair-plan.js'
import { bytesText } from '../inspect/bytes-text.js'
import type { PruneFileOptions } from '../jobs/prune.js'
import type { PruneReport } from '../prune/prune.js'
import type { Quantiles } from '../prune/quantiles.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { randomTarget, readTarget, type Target } from './target.js'
import { count, createTerminal, secondsText, short, type Terminal, table } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { integer, oneOf, positive, readScale, seedOption } from './values.js'

/** Options of `slt prune`, read. */
export interface PruneFlags {
  items: number
  embeddingItems?: number
  targetKl?: number
  attention?: PairChoice['attention']
  dense?: PairChoice['dense']
  data?: string
  tokenizer?: string
  seed: bigint
  out?: string
  random?: string
  layers?: number
  scale: 'auto' | number
  method: 'balanced' | 'plain'
  threads: number
  queue?: string
  store?: string
  force?: boolean
  json?: boolean
}

const help = `
Examples:
  slt prune data/gpt-nano-sort --items 16 --seed 7 --out sorter.slt.safetensors
  slt prune --random gpt2-small --layers 1 --items 16 --out layer.slt.safetensors

The folder is a Hugging Face model (config.json, model.safetensors) of a known kind: GPT-2, Llama (Mistral, Qwen2), BERT. Every matrix is
replaced by pruned random ones, embeddings and norms too: the ticket holds no float of the model. With --dense embeddings embeddings
and norms stay as they are, which makes a smaller ticket. The scores of attention are made by one merged matrix a head, or by query and key maps
of their own (factored); where positions are rotated, by a pruned random rotary layer (rotary), or factored.

In the end the ticket is run literally and compared with the model on up to 2,048 tokens that the model writes, or on --data.
With --queue the matrices are pruned by "slt work" on any machines that reach the queue and the store; the ticket is the same.

An interrupted run continues when the same command is given again; other settings are refused there, unless --force drops what it has
finished.`

/** Adds `slt prune`. */
export function addPrune(program: Command): void {
  const command = program
    .command('prune')
    .description('prune random matrices, changing no weight, until they act as a given transformer; writes a ticket')
    .argument('[folder]', 'a Hugging Face folder')
    .option('--items <n>', "random products for one weight, n'", integer('items', 1, 256), 16)
    .option(
      '--embedding-items <n>',
      'random products for one weight of an embedding (default: as --items)',
      integer('embedding-items', 1, 256),
    )
    .option(
      '--target-kl <nats>',
      'choose the items: the fewest with which predictions differ by at most so many nats a token (it prunes a few times)',
      positive('target-kl'),
    )
    .option(
      '--attention <a>',
      'merged, factored or rotary (default: merged; with rotary positions factored)',
      oneOf('attention', ['merged', 'factored', 'rotary']),
    )
    .option(
      '--dense <d>',
      'what keeps its float values: none, or embeddings (and norms)',
      oneOf('dense', ['none', 'embeddings']),
      'none' as const,
    )
    .option('--data <path>', 'compare with the target on this text: a file, a folder or a tokenised file')
    .addOption(tokenizerOption("of the text (default: the target's)"))
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
    .option('--queue <address>', 'have the matrices pruned by workers: redis://host:port, rediss:// or a socket')
    .option(
      '--store <place>',
      'with --queue: a folder or s3://bucket/prefix that the workers reach (default: slt-store)',
    )
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
      if (flags.tokenizer !== undefined && flags.data === undefined) {
        command.error('slt: --tokenizer goes with --data', { exitCode: 2 })
      }
      if (flags.targetKl !== undefined && command.getOptionValueSource('items') === 'cli') {
        command.error('slt: --target-kl chooses what --items sets: give one of them', { exitCode: 2 })
      }
      if (flags.store !== undefined && flags.queue === undefined) {
        command.error('slt: --store goes with --queue', { exitCode: 2 })
      }
      if (flags.targetKl !== undefined && flags.queue !== undefined) {
        command.error('slt: --target-kl prunes here: give --queue with --items', { exitCode: 2 })
      }
      const terminal = createTerminal(flags)
      const target =
        folder === undefined ? await randomTarget(flags.random!, flags.layers, flags.seed) : await readTarget(folder)
      for (const warning of target.warnings) terminal.note(warning)
      const out = flags.out ?? `${target.name}.slt.safetensors`
      const text = flags.data === undefined ? undefined : await sequencesOf(target, folder, flags)
      for (const warning of text?.warnings ?? []) terminal.note(warning)
      const inputs = folder === undefined ? [] : [folder]
      const chosen = flags.targetKl === undefined ? undefined : await choose(terminal, target, flags, text?.sequences)
      const items = chosen?.items ?? flags.items
      const report = await prune(target, { ...flags, items, out, inputs, sequences: text?.sequences })
      printReport(terminal, report, out)
      terminal.result({ ...report, out, warnings: target.warnings, ...(chosen && { tried: chosen.tried }) })
    })
}

/** The items that a divergence asks for, trial by trial. */
async function choose(
  terminal: Terminal,
  target: Target,
  { targetKl, seed, scale, method, threads, embeddingItems, attention, dense }: PruneFlags,
  sequences: PruneFileOptions['sequences'],
) {
  const { chooseItems } = await import('../jobs/choose-items.js')
  const options = { target, seed, scale, method, threads, embeddingItems, attention, dense, sequences }
  return interruptible((signal) =>
    chooseItems(targetKl!, { ...options, signal }, ({ items, divergence }) =>
      terminal.print(`${items} items: ${short(divergence)} nats a token`),
    ),
  )
}

/** The text that the two are compared on. @throws InputError or RangeError as `textSequences` does */
async function sequencesOf({ config }: Target, folder: string | undefined, { data, tokenizer }: PruneFlags) {
  const [{ textSequences }, { folderTokenizer }, { loadModelTokenizer }] = await Promise.all([
    import('../jobs/verify-text.js'),
    import('../jobs/model-source.js'),
    import('../jobs/searched-text.js'),
  ])
  const own =
    folder === undefined
      ? tokenizer
      : await loadModelTokenizer({ path: folder, config, ...(await folderTokenizer(folder)) }, tokenizer)
  return textSequences({ data: data!, config, tokenizer: own })
}

/** Prunes with a progress bar. */
export async function prune(
  target: Target,
  flags: PruneFlags & Pick<PruneFileOptions, 'out' | 'inputs' | 'isSame' | 'advice' | 'sequences'>,
): Promise<PruneReport> {
  const { pruneModel } = await import('../jobs/prune.js')
  const { items, embeddingItems, attention, dense, seed, scale, method, threads, out, sequences } = flags
  const { inputs, isSame, advice, force } = flags
  const progress = createProgress('weights')
  try {
    const run = async (signal: AbortSignal) => {
      const elsewhere = flags.queue === undefined ? undefined : await openQueue(flags, signal, progress.stop)
      return pruneModel({
        target,
        elsewhere,
        items,
        embeddingItems,
        attention,
        dense,
        seed,
        scale,
        method,
        threads,
        out,
        sequences,
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
      }).finally(() => elsewhere?.close())
    }
    return await interruptible(run, 'the same command goes on with the matrices that are not finished')
  } finally {
    progress.stop()
  }
}

/** The workers of a queue, to prune the matrices. */
async function openQueue({ queue, store = 'slt-store' }: PruneFlags, signal: AbortSignal, beforeNote: () => void) {
  const [{ openRedis }, { checkStore, openStore }, { openPruneQueue }] = await Promise.all([
    import('../queue/redis.js'),
    import('../queue/open-store.js'),
    import('../queue/prune-on-queue.js'),
  ])
  const redis = await openRedis(queue!)
  const note = (line: string) => {
    beforeNote()
    process.stderr.write(`${line}\n`)
  }
  return openPruneQueue({
    redis,
    store: await openStore(store).then(checkStore),
    signal,
    onNote: (job, line) => note(`${job.label}: ${line}`),
    onWarning: (line) => note(`warning: ${line}`),
  })
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
  for (const line of differenceLines(report)) terminal.print(line)
  if (report.resumed > 0) terminal.print(`${count(report.resumed)} matrices taken over from an interrupted run`)
  terminal.print(
    report.dense === 'none'
      ? 'kept dense: nothing; embeddings, norms and biases are pruned random weights too'
      : 'kept dense: embeddings, gains and shifts of norms',
  )
  terminal.print(
    `attention: ${report.attention}; ${short(report.bitsPerWeight)} bits of the file for a weight of the model`,
  )
  terminal.print(
    `${secondsText(report.seconds)}, ${count(report.solvesPerSecond)} subset sums a second; ${bold(out)}, ${bytesText(report.ticketBytes)}`,
  )
}

/** How far the ticket is from its target, in words. */
function differenceLines({ difference, maxLogitError }: PruneReport): string[] {
  const { predictions, embeddings, where } = difference
  const of = ({ median, p95, p999, max }: Quantiles) =>
    `half ${short(median)}, 95 % ${short(p95)}, 99.9 % ${short(p999)}, all ${short(max)}`
  if (embeddings) {
    const { distance } = embeddings
    return [
      `largest difference of a hidden state from the target's: ${short(maxLogitError)}`,
      `1 - cosine of the embeddings to the target's: ${short(distance.mean)} over ${where}; at most: ${of(distance)}`,
    ]
  }
  const { divergence, quantiles, sameGreedy } = predictions!
  return [
    `largest difference of the logits from the target's: ${short(maxLogitError)}`,
    `divergence from the target's predictions: ${short(divergence)} nats a token over ${where}; at most: ${of(quantiles)}`,
    `the same likeliest token: ${(100 * sameGreedy).toFixed(2)} %`,
  ]
}
