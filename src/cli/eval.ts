import type { Command } from 'commander'
import type { DeviceName } from '../engine/device.js'
import { blockOf, outsideOf } from '../inspect/index.js'
import type { EvalReport, TextPart } from '../jobs/searched-eval.js'
import type { KeptMatrix, KeptReport } from '../jobs/searched-kept.js'
import { deviceOption } from './device-option.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { rawOption } from './raw-option.js'
import { count, createTerminal, type Terminal, table } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { requiredOption } from './usage.js'
import { integer, oneOf } from './values.js'
import { activationsOption, type WeightsFlags, weightsOption } from './weights-option.js'

interface EvalFlags extends MaskFlags, MemoryFlags, WeightsFlags {
  data: string
  part?: TextPart
  tokenizer?: string
  raw?: boolean
  windows?: number
  batch?: number
  device?: DeviceName
  threads?: number
  json?: boolean
}

const help = `
Examples:
  slt eval story.slt.safetensors --data other.txt
  slt eval story.slt.safetensors --data corpus.txt --part valid --windows 64
  slt eval gpt2-folder --data other.txt
  slt eval story.slt.safetensors --data corpus.txt --json

The loss is the mean over windows of the model's whole context, spread evenly over the text. Where the text is the one
that the ticket was searched on, its last tenth is read, which the search did not learn from. A text of a search that had another to validate on
(--valid) was learned whole, and is read whole: give the other one to --data. A BERT of slt search or slt train predicts the tokens that the seed of its run hides
from it; other encoders have no loss. The loss does not depend on --batch: to compare two models, give both the same
--part and --windows.`

/** Adds `slt eval`. */
export function addEval(program: Command): void {
  program
    .command('eval')
    .description(
      'how well a model of any family predicts a text (loss, perplexity, bits a byte), and what the masks of a ticket keep',
    )
    .argument('<ticket>', 'a ticket, a file of slt train, a Hugging Face folder, or a GGUF file')
    .addOption(requiredOption('--data <path>', 'a text file, a folder of .txt and .txt.gz files, or a tokenised file'))
    .option(
      '--part <p>',
      'all, train or valid, the last tenth (default: all, or valid for the text of the search)',
      oneOf('part', ['all', 'train', 'valid']),
    )
    .addOption(tokenizerOption())
    .addOption(rawOption())
    .option(
      '--windows <n>',
      'so many windows, or all that there are without overlap (default: 131,072 tokens of them)',
      integer('windows', 1),
    )
    .option(
      '--batch <n>',
      'windows at a time: time and memory, not the loss (default: as in the search, within limits of memory)',
      integer('batch', 1),
    )
    .addOption(deviceOption())
    .option('--threads <n>', 'threads of an operator', integer('threads', 1, 1024))
    .addOption(weightsOption())
    .addOption(activationsOption())
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(runEval)
}

async function runEval(path: string, flags: EvalFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const { evaluateTicket } = await import('../jobs/searched-eval.js')
  const progress = createProgress('windows')
  let report: EvalReport
  try {
    report = await interruptible((signal) =>
      evaluateTicket({
        ...flags,
        ticket: path,
        signal,
        onNote: (line) => terminal.note(line),
        onProgress: (done, total) => progress.update(done, total, flags.data),
      }),
    )
  } finally {
    progress.stop()
  }
  if (flags.device === undefined || flags.device === 'auto') {
    const { device, reason, summary } = report
    terminal.note(`on ${device}: ${flags.device === undefined ? summary : reason}`)
  }
  printReport(terminal, report)
  terminal.result(report)
}

function printReport(terminal: Terminal, report: EvalReport): void {
  const { bold, yellow } = terminal.colour
  const { kept, loss, bitsPerByte, perplexity, recordedLoss, hidden } = report
  if (kept) {
    terminal.print(keptTable(terminal, kept))
    terminal.print(`${percent(kept.fraction)} of ${count(kept.count)} weights kept`)
    terminal.print()
  }
  const part = report.part === 'all' ? '' : `${report.part} part of `
  terminal.print(`${count(report.windows)} windows of ${report.length} tokens, ${part}${report.data}`)
  const text = `loss ${loss.toFixed(4)} nats a ${hidden ? 'hidden token' : 'token'}, perplexity ${perplexity.toFixed(2)}, ${bitsPerByte.toFixed(4)} bits a byte`
  const recorded = recordedLoss === null ? '' : ` (its search recorded ${recordedLoss.toFixed(4)})`
  terminal.print(`${bold(text)}${recorded}`)
  for (const warning of kept?.warnings ?? []) terminal.print(yellow(`warning: ${warning}`))
}

/** What the columns of the table are called; where a block has several matrices of a role, each by its own name. */
const partNames: Readonly<Record<string, string>> = {
  query: 'q',
  key: 'k',
  value: 'v',
  'attention-output': 'attn out',
  'feed-forward': 'mlp in',
  'feed-forward-output': 'mlp out',
}

/** A row a block, a column a matrix; embeddings and head above and below. */
function keptTable(terminal: Terminal, { matrices, layers }: KeptReport): string {
  const first = matrices.filter(({ layer }) => layer === 0)
  const empty = (found: readonly KeptMatrix[]) => {
    const rows = found.reduce((sum, matrix) => sum + matrix.emptyRows, 0)
    const columns = found.reduce((sum, matrix) => sum + matrix.emptyColumns, 0)
    return [rows, columns].map((n) => (n === 0 ? '-' : count(n)))
  }
  const alone = (matrix: KeptMatrix) => [
    matrix.name,
    count(matrix.count),
    percent(matrix.fraction),
    ...first.map(() => '-'),
    ...empty([matrix]),
  ]
  const blocks = layers.map((layer) => {
    const own = matrices.filter((matrix) => matrix.layer === layer.layer)
    const each = own.map(({ fraction }) => percent(fraction))
    return [blockOf(own[0].name), count(layer.count), percent(layer.fraction), ...each, ...empty(own)]
  })
  const { before, after } = outsideOf(matrices)
  const rows = [...before.map(alone), ...blocks, ...after.map(alone)]
  const heads = first.map(({ name, role }) => {
    const isAlone = first.filter((other) => other.role === role).length === 1
    return isAlone ? partNames[role] : name.slice(name.lastIndexOf('.') + 1)
  })
  return table(terminal.colour, ['', 'weights', 'kept', ...heads, 'empty rows', 'columns'], rows)
}

/** Two decimals, or more where they would all be zero. */
function percent(fraction: number): string {
  const value = 100 * fraction
  return `${value > 0 && value < 0.01 ? value.toExponential(1) : value.toFixed(2)} %`
}
