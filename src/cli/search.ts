import type { Command } from 'commander'
import { familyOf } from '../families/family.js'
import type { TeacherRecord } from '../files/run-record.js'
import { bytesText } from '../inspect/bytes-text.js'
import type { SearchReport, SearchStart } from '../jobs/search.js'
import { BadUsage } from './failure.js'
import { interruptible } from './interrupt.js'
import { addMaskOptions } from './mask-options.js'
import { createProgress } from './progress.js'
import {
  addModelOptions,
  addRunOptions,
  addTaskOptions,
  type ModelFlags,
  type RunFlags,
  settingsOf,
} from './search-options.js'
import { createSearchProgress, validationText } from './search-progress.js'
import { count, createTerminal, secondsText, short, type Terminal, table } from './terminal.js'

const help = `
Examples:
  slt search --data corpus.txt --model micro --keep 0.3 --steps 2000 --out story.slt.safetensors
  slt search --data corpus.txt --model mini --init gpt2 --qk-scale auto
  slt search --data corpus.txt --family llama --width x0.5
  slt search --task sort --letters 3 --length 6 --width 24 --layers 1 --heads 4 --inner 24 --steps 6000
  slt search --on story.slt.safetensors --data other.txt --out other.slt.safetensors
  slt search --into plays.slt.safetensors --mask tragedies --data tragedies.txt
  slt search --resume story.slt.safetensors.run

The mask is found by gradients; the random weights never change. The run folder holds checkpoints,
metrics.jsonl, samples.txt and a list of the files that were read (corpus.jsonl). Ctrl-C saves, --resume goes on; on the same machine the ticket is the same, bit by bit.

--on searches another text on the random network of a ticket. The new ticket has the same seed and the same random weights, and a mask of its own; slt inspect a b says
what two masks share. --data-seed draws other batches. Options that describe another network are refused.
--into adds the mask to a ticket that is there, under a name; the masks that it has stay. --mask chooses one in the commands that read tickets.

--selection global ranks the scores of all matrices together. They start uniform on +-1/sqrt(inputs of the matrix), so wide inputs start
low: the last matrix of a feed-forward layer has --inner of them (4 widths), scores of half the range, and with --keep 0.3 keeps nothing at first. While
it keeps nothing the first one gets no gradient, and the layer may stay dead. per-layer keeps the same fraction of every matrix.

--algorithm: edge-popup keeps the top scores; annealed, the default, does so too, but masks are soft at first, learn along their true gradient, and harden over
--anneal of the steps; iterand also draws pruned weights anew; biprop gives the kept weights of a matrix one magnitude; signed inverts
weights of negative scores; multicoated counts weights of high scores two or three times; ada-sup does so by rounding scores, --keep being about what is kept; sampled draws a mask
at every step, and the ticket has the most probable weights. levels is no lottery: it learns values, rounded to --levels, to compare with. docs/methods.md
compares them. The masks of short runs are worse than they could be: masks harden in any case, so give the steps that the run shall have.

--family llama: RMSNorm, rotary positions, half as many key and value heads, SwiGLU. --family bert: an encoder that learns hidden tokens. 15 % of the tokens of a
window count, at least one; 80 % of them are read as a mask token, 10 % as any token, 10 % as they are. Losses are nats a hidden token. llama-micro and
bert-micro have as many weights as micro, to 1 %; so have llama-tiny and bert-tiny as tiny.

--teacher: a part of the loss is KL(teacher || network) over the vocabulary. The teacher is of any family, with the same tokens and at least as long a
context. It is run on every batch, in float32, which costs a forward pass of it; the report says how long that took. The loss that is shown stays the cross-entropy on the text.

--start: each weight of the trained model says which random weights to try first. They are ranked by (trained weight) x (sign of the random weight), so
large weights with the right sign come first and large ones with the wrong sign last, and scores are spread over the usual range in that order.`

/** Adds `slt search`. */
export function addSearch(program: Command): void {
  const command = program
    .command('search')
    .description(
      'find a mask in a random GPT-2, Llama or BERT, changing no weight, until it speaks like a text; writes a ticket',
    )
  addRunOptions(addMaskOptions(addModelOptions(addTaskOptions(command, ['text', 'sort']))), 'slt.safetensors')
    .addHelpText('after', help)
    .action((flags: ModelFlags & RunFlags) => runSearchCommand('search', flags))
}

/** Runs `slt search` or `slt train`. */
export async function runSearchCommand(kind: 'search' | 'train', flags: ModelFlags & RunFlags): Promise<void> {
  const isTask = flags.task !== undefined && flags.task !== 'text'
  if (flags.data === undefined && flags.resume === undefined && !isTask) {
    throw new BadUsage(
      `give --data <path>, or --task ${kind === 'search' ? 'sort' : 'sort or angular-velocity'}, or --resume <folder>`,
    )
  }
  const terminal = createTerminal(flags)
  const { search } = await import('../jobs/search.js')
  const reading = createProgress('bytes')
  let progress: ReturnType<typeof createSearchProgress> | undefined
  const note = (line: string) => {
    reading.stop() // notes come after the reading
    if (progress) progress.note(line)
    else terminal.note(line)
  }
  try {
    const report = await interruptible(
      (signal, advise) =>
        search({
          kind,
          choice: settingsOf(flags),
          ...flags,
          arithmetic: flags.arithmetic === 'auto' ? flags.arithmetic : undefined,
          cadence: cadenceOf(flags),
          signal,
          onRead: (done, total, path) => reading.update(done, total, path),
          onStart(start) {
            reading.stop()
            printStart(terminal, start, flags.device)
            progress = createSearchProgress(start.settings.steps)
            advise(`slt ${kind} --resume ${start.run} goes on`)
          },
          onStep: (row) => progress?.step(row),
          onSample: (step, text) => progress?.sample(step, text),
          onNote: note,
        }),
      'nothing was lost',
    )
    progress?.stop()
    warnOfEmpty(terminal, report)
    printReport(terminal, report)
    terminal.result(report)
  } finally {
    reading.stop()
    progress?.stop()
  }
}

function cadenceOf({ validateEvery, validWindows, sampleEvery, checkpointEvery }: RunFlags) {
  const given = Object.entries({ validateEvery, validWindows, sampleEvery, checkpointEvery })
  const cadence = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  return checkpointEvery === undefined ? cadence : { ...cadence, checkpointSeconds: 0 }
}

/** @param asked the device that the user asked for */
function printStart(terminal: Terminal, start: SearchStart, asked: string | undefined): void {
  const { settings, device, weights, tokens, attentionDeviation } = start
  const { config, kind, initialisation, on, qkScale, batch, steps, seed } = settings
  const family = config.family === undefined ? '' : `${familyOf(config).title}, `
  const shape = `${family}${config.layers} layers, width ${config.width}, ${config.heads} heads, context ${config.positions}`
  const read = settings.task
    ? `${start.corpus}, drawn without end; ${count(tokens.valid / 2 / settings.task.length)} held-out lists validate`
    : `${count(tokens.train)} tokens train, ${count(tokens.valid)} validate`
  terminal.note(`${shape}: ${count(weights)} weights; ${read}`)
  const mask = kind === 'search' ? `${methodText(start)}, ` : ''
  terminal.note(
    `${mask}${initialisation} weights of seed ${seed}${on ? `, the network ${on.network.slice(0, 8)}` : ''}, QK scale ${short(qkScale)}; attention logits start with a deviation of ${short(attentionDeviation.all)}`,
  )
  if (start.teacher) terminal.note(teacherText(start, start.teacher))
  const from = start.from > 0 ? `, from step ${count(start.from)}` : ''
  terminal.note(
    `${count(steps)} steps of ${batch} windows${from}, on ${device}${settings.arithmetic ? `, linear maps in ${settings.arithmetic}` : ''} (${asked === undefined ? start.summary : start.reason}); run folder ${start.run}`,
  )
}

/** The method of a search, and what of it is not at its default. */
function methodText(start: SearchStart): string {
  const { algorithm, keep, selection, coats, levels, densities, embeddings, scales, norms, unusedRows } = start.settings
  const kept = algorithm === 'levels' ? `${levels} levels` : `keep ${keep} ${selection}${roundedUp(start)}`
  const parts = [
    ...(coats ? [`coats ${coats.map(short).join(', ')}`] : []),
    ...(densities ? [`densities ${densities === 'erk' ? 'erk' : JSON.stringify(densities)}`] : []),
    ...Object.entries(embeddings ?? {}).map(([name, value]) => `embedding-${name} ${value}`),
    ...(scales ? ['learned scales'] : []),
    ...(norms === 'plain' ? [] : [`norms ${norms}`]),
    ...(unusedRows ? [`unused rows ${unusedRows === 'drop' ? 'dropped' : 'shared'}`] : []),
  ]
  return [`${algorithm}, ${kept}`, ...parts].join(', ')
}

/** `teacher big.dense.safetensors, 3,276,800 weights, trained on 4,096,000 tokens: 0.5 of the loss at temperature 1` */
function teacherText({ settings }: SearchStart, { path, parameters, trainingTokens }: TeacherRecord): string {
  const trained = trainingTokens === null ? '' : `, trained on ${count(trainingTokens)} tokens`
  const { teacherWeight, temperature } = settings
  return `teacher ${path}, ${count(parameters)} weights${trained}: ${teacherWeight} of the loss, at temperature ${temperature}`
}

/** What is kept in all, where rounding each matrix up to whole weights makes it more than was asked for. */
function roundedUp({ settings, kept, weights }: SearchStart): string {
  const share = kept / weights
  if (settings.embeddings || settings.algorithm === 'levels') return ''
  return share > 1.01 * settings.keep ? ` (in whole weights ${count(kept)} of all, ${short(share)})` : ''
}

/** A matrix that keeps nothing is a part of the network that does nothing, which only a global selection makes. */
function warnOfEmpty(terminal: Terminal, { settings, matrices }: SearchReport): void {
  const empty = matrices.filter(({ kept }) => kept === 0).map(({ name }) => name)
  if (settings.kind !== 'search' || empty.length === 0) return
  const these = empty.length === 1 ? 'keeps nothing: it does' : 'keep nothing: they do'
  terminal.note(
    `warning: ${empty.join(', ')} ${these} no work in this network (--selection per-layer keeps some of each)`,
  )
}

function printReport(terminal: Terminal, report: SearchReport): void {
  const { bold } = terminal.colour
  const { split, settings, keptFraction, matrices } = report
  if (settings.kind === 'search' && settings.selection === 'global') {
    const rows = matrices.map(({ name, kept, count: n }) => [name, count(n), (kept / n).toFixed(4)])
    terminal.print(table(terminal.colour, ['matrix', 'weights', 'kept'], rows))
    terminal.print()
  }
  terminal.print(`${bold(validationText(report))}, perplexity ${report.perplexity.toFixed(2)}`)
  const deviations = report.attentionDeviation.layers.map(short).join(', ')
  terminal.print(
    `attention logits started with a standard deviation of ${short(report.attentionDeviation.all)} (by layer: ${deviations})`,
  )
  const spent = split.graph + (split.teacher ?? 0) + split.ticket + split.rest
  if (spent > 0) {
    const share = (seconds: number) => `${((100 * seconds) / spent).toFixed(1)} %`
    const taught = split.teacher === undefined ? '' : `teacher ${share(split.teacher)}, `
    const algorithm = settings.kind === 'search' ? 'ticket' : 'optimizer'
    terminal.print(
      `${secondsText(report.seconds)}, ${count(report.tokensPerSecond)} tokens a second: graph ${share(split.graph)}, ${taught}${algorithm} ${share(split.ticket)}, rest ${share(split.rest)}; checkpoints took ${secondsText(split.checkpoints)}`,
    )
  }
  if (report.teacher) {
    const { path, seconds, share, parameters, trainingTokens } = report.teacher
    const trained = trainingTokens === null ? '' : `; its own training on ${count(trainingTokens)} tokens comes on top`
    terminal.print(
      `the teacher ${path} (${count(parameters)} weights) took ${secondsText(seconds)}, ${(100 * share).toFixed(1)} % of the run${trained}`,
    )
  }
  const kept = settings.kind === 'search' ? `${(100 * keptFraction).toFixed(1)} % of ` : ''
  terminal.print(
    `${kept}${count(report.weights)} weights in ${bold(report.out)}${report.mask === undefined ? '' : `, mask ${report.mask}`}, ${bytesText(report.outBytes)}`,
  )
}
