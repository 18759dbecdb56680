import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import type { PairChoice } from '../families/pair-plan.js'
import type { PruneFileOptions } from '../jobs/prune.js'
import type { PruneReport } from '../prune/prune.js'
import { interruptible } from './interrupt.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { chooseByDivergence } from './prune-items.js'
import { openPruneWorkers } from './prune-queue.js'
import { printReport } from './prune-report.js'
import { randomTarget, readTarget, type Target } from './target.js'
import { count, createTerminal } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { integer, oneOf, positive, readScale, seedOption } from './values.js'

/** Options of `slt prune`, read. */
export interface PruneFlags extends MemoryFlags {
  items: number
  embeddingItems?: number
  targetKl?: number
  itemsPer: 'model' | 'matrix'
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
and norms stay as they are; at 16 items that makes the ticket no smaller (2 to 5 % larger for the bundled models). The scores of attention are made by one merged matrix a head, or by query and key maps
of their own (factored); where positions are rotated, by a pruned random rotary layer (rotary), or factored.

A weight is out of reach where it is larger than the sum of all its positive products, or smaller than that of all negative ones: then no subset
comes near. More items reach farther. A head's merged matrix has more entries than its factors have weights, and each entry is a subset sum.

In the end the ticket is run literally and compared with the model on up to 2,048 tokens that the model writes, or on --data.
With --queue the matrices are pruned by "slt work" on any machines that reach the queue and the store; the ticket is the same.

An interrupted run continues when the same command is given again; other settings are refused there, unless --force drops what it has
finished.`

/** Adds `slt prune`. */
export function addPrune(program: Command): void {
  const command = program
    .command('prune')
    .description('prune random matrices, changing no weight, until they act as a given transformer; writes a ticket')
    .argument('[folder]', 'a Hugging Face folder, or a GGUF file')
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
      '--items-per <p>',
      'what --target-kl chooses: one number of items for the model, or one for each matrix, so that bits go where they pay',
      oneOf('items-per', ['model', 'matrix']),
      'model' as const,
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
    .addOption(memoryOption())
    .option('--threads <n>', 'worker threads', integer('threads', 1, 256), availableParallelism())
    .option('--queue <address>', 'have the matrices pruned by workers: redis://host:port, rediss:// or a socket')
    .option('--store <place>', 'with --queue: a folder or s3://bucket/prefix, the same as that of the workers')
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
      if ((flags.store !== undefined) !== (flags.queue !== undefined)) {
        command.error('slt: --queue and --store go together', { exitCode: 2 })
      }
      if (flags.targetKl !== undefined && flags.queue !== undefined) {
        command.error('slt: --target-kl prunes here: give --queue with --items', { exitCode: 2 })
      }
      if (flags.itemsPer === 'matrix' && flags.targetKl === undefined) {
        command.error('slt: --items-per matrix goes with --target-kl', { exitCode: 2 })
      }
      if (flags.itemsPer === 'matrix' && flags.embeddingItems !== undefined) {
        command.error('slt: --items-per matrix chooses what --embedding-items sets: give one of them', { exitCode: 2 })
      }
      if (flags.embeddingItems !== undefined && flags.dense === 'embeddings') {
        command.error('slt: --embedding-items goes with --dense none: embeddings that stay dense are not pruned', {
          exitCode: 2,
        })
      }
      const terminal = createTerminal(flags)
      const target =
        folder === undefined ? await randomTarget(flags.random!, flags.layers, flags.seed) : await readTarget(folder)
      await expectAttention(target, flags.attention)
      const warnings = [...target.warnings, ...(await notPruned(target, folder))]
      for (const warning of warnings) terminal.note(warning)
      const out = flags.out ?? `${target.name}.slt.safetensors`
      const text = flags.data === undefined ? undefined : await sequencesOf(target, folder, flags)
      for (const warning of text?.warnings ?? []) terminal.note(warning)
      const inputs = folder === undefined ? [] : [folder]
      const { targetKl, itemsPer, seed, scale, method, threads, embeddingItems, attention, dense } = flags
      const sequences = text?.sequences
      const options = { target, seed, scale, method, threads, embeddingItems, attention, dense, sequences }
      const chosen =
        targetKl === undefined ? undefined : await chooseByDivergence(terminal, { targetKl, itemsPer }, options)
      const items = chosen?.items ?? flags.items
      const report = await prune(target, { ...flags, items, out, inputs, sequences })
      printReport(terminal, report, out)
      const choice = chosen && { targetKl, tried: chosen.tried }
      terminal.result({ ...report, out, warnings, ...choice })
    })
}

/** @throws RangeError for a construction that the target's family has not */
async function expectAttention({ config }: Target, attention: PruneFlags['attention']): Promise<void> {
  const [{ attentionsOf }, { familyOf }] = await Promise.all([
    import('../families/pair-plan.js'),
    import('../families/family.js'),
  ])
  const allowed = attentionsOf(config)
  if (attention === undefined || allowed.includes(attention)) return
  const { title } = familyOf(config)
  throw new RangeError(`--attention expected ${allowed.join(' or ')} for a ${title}, got ${attention}`)
}

/** What of a folder is no part of the ticket, in a line or none. */
async function notPruned({ leftOut = [] }: Target, folder: string | undefined): Promise<string[]> {
  const { leftOutLines } = await import('../interop/index.js')
  return leftOutLines(folder ?? '', leftOut, 'pruned')
}

/** The text that the two are compared on. @throws InputError or RangeError as `textSequences` does */
async function sequencesOf({ config }: Target, folder: string | undefined, { data, tokenizer }: PruneFlags) {
  const [{ textSequences }, { tokenizerAt }, { loadModelTokenizer }] = await Promise.all([
    import('../jobs/verify-text.js'),
    import('../jobs/own-tokenizer.js'),
    import('../jobs/searched-text.js'),
  ])
  const own =
    folder === undefined
      ? tokenizer
      : await loadModelTokenizer({ path: folder, config, ...(await tokenizerAt(folder)) }, tokenizer)
  return textSequences({ data: data!, config, tokenizer: own })
}

/** Prunes with a progress bar. */
export async function prune(
  target: Target,
  flags: Omit<PruneFlags, 'items' | 'itemsPer'> &
    Pick<PruneFileOptions, 'items' | 'out' | 'inputs' | 'isSame' | 'advice' | 'sequences'>,
): Promise<PruneReport> {
  const { pruneModel } = await import('../jobs/prune.js')
  const { items, embeddingItems, attention, dense, seed, scale, method, threads, out, sequences } = flags
  const { inputs, isSame, advice, force, memoryLimit } = flags
  const progress = createProgress('subset sums')
  try {
    const run = async (signal: AbortSignal) => {
      const elsewhere = flags.queue === undefined ? undefined : await openPruneWorkers(flags, signal, progress.stop)
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
        memoryLimit,
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
