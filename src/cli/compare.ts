import type { Command } from 'commander'
import { bytesText } from '../inspect/bytes-text.js'
import type { ComparedModel, CompareReport } from '../jobs/compare.js'
import type { TextPart } from '../jobs/searched-eval.js'
import { interruptible } from './interrupt.js'
import { type MasksFlags, masksOf, masksOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { rawOption } from './raw-option.js'
import { count, createTerminal, short, type Terminal, table } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { integer, oneOf } from './values.js'
import { type WeightsFlags, weightsOption } from './weights-option.js'

interface CompareFlags extends MasksFlags, MemoryFlags, Pick<WeightsFlags, 'weights'> {
  data?: string
  part?: TextPart
  tokenizer?: string
  raw?: boolean
  windows?: number
  runs: number
  count?: number
  threads?: number
  json?: boolean
}

const help = `
Examples:
  slt compare story.slt.safetensors story.dense.safetensors --data test.txt
  slt compare a.slt.safetensors b.slt.safetensors gpt2-folder --data test.txt --windows 256
  slt compare a.slt.safetensors b.slt.safetensors --runs 0 --json
  slt compare plays.slt.safetensors plays.slt.safetensors --mask comedies,tragedies

Models are tickets, files of slt train, Hugging Face folders and GGUF files; the others are compared with the first. All run on the CPU, in turns. Load: open, check
(a ticket's hash too) and make or read every weight, without building a graph, in the same process after one loading that is not counted; the files lie in
the system's cache. Weights: what they are held as while the model writes, and their bytes; losses are of float32. Memory: the most that a process of its own took to load the model and generate, Node and ONNX Runtime included.
Where models read a text as other tokens, bits a byte compare and nats a token do not. Encoders of slt search and slt train are compared on the same hidden
tokens, and by the tokens that they read a second. An encoder and a model that writes compare in size alone (--runs 0 without --data).`

/** Adds `slt compare`. */
export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('models side by side: loss, bytes, bits a weight, time to load, tokens a second, memory')
    .argument('<models...>', 'tickets, files of slt train, Hugging Face folders, GGUF files')
    .option(
      '--data <path>',
      'a text file, a folder of .txt and .txt.gz files, or a tokenised file: what the loss is computed on',
    )
    .option(
      '--part <p>',
      "all, train or valid, the last tenth (default: all, or valid where the text is that of a ticket's search)",
      oneOf('part', ['all', 'train', 'valid']),
    )
    .addOption(tokenizerOption('for models that name none'))
    .addOption(rawOption())
    .option('--windows <n>', 'at most so many windows (default: 131,072 tokens of them)', integer('windows', 1))
    .option('--runs <n>', 'loadings of each that count; 0 times nothing', integer('runs', 0, 10_000), 5)
    .option(
      '--count <n>',
      'tokens that are generated and timed (default: 64, less in a short context)',
      integer('count', 1),
    )
    .option('--threads <n>', 'threads of an operator', integer('threads', 1, 1024))
    .addOption(weightsOption())
    .addOption(masksOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(runCompare)
}

async function runCompare(paths: string[], flags: CompareFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const { compareModels } = await import('../jobs/compare.js')
  const progress = createProgress('steps')
  let report: CompareReport
  try {
    report = await interruptible((signal) =>
      compareModels({
        ...flags,
        paths,
        masks: masksOf(flags.mask, paths.length),
        signal,
        onNote: (line) => terminal.note(line),
        onProgress: (done, total, what) => progress.update(done, total, what),
      }),
    )
  } finally {
    progress.stop()
  }
  printReport(terminal, report)
  terminal.result(report)
}

function printReport(terminal: Terminal, report: CompareReport): void {
  const { models, data, part, sameTokens } = report
  const [first] = models
  const names = namesOf(models)
  terminal.print(
    table(
      terminal.colour,
      ['', ...heads(report)],
      models.map((model, i) => [names[i], ...cells(model)]),
    ),
  )
  if (models.length > 1) {
    const rows = models.slice(1).map((model, i) => [names[i + 1], ...against(model, first, sameTokens)])
    terminal.print()
    terminal.print(table(terminal.colour, [`against ${names[0]}`, ...ratioHeads(report)], rows))
  }
  terminal.print()
  if (data === null) terminal.print('no loss: it needs a text (--data)')
  else {
    terminal.print(`loss on ${part === 'all' ? '' : `the ${part} part of `}${data}: ${readText(models)}`)
    if (!sameTokens) terminal.print('they read the text as different tokens: bits a byte compare, nats a token do not')
    if (new Set(models.map(({ context }) => context)).size > 1) {
      terminal.print(
        `their contexts differ (${models.map(({ context }) => count(context)).join(', ')} tokens): a longer one sees more`,
      )
    }
  }
  const runs = first.speed?.runs ?? 0
  terminal.print(
    runs === 0 ? 'no times: --runs is 0' : `times: medians of ${runs} loadings, ${whatRan(report)}, on the CPU`,
  )
  if (runs > 0 && models.some(({ kind }) => kind === 'pruned')) {
    terminal.print(
      'pruned tickets run their masks at full source width; matrices beyond 256 MB are made anew at every token',
    )
  }
}

/** What the tables call each model: its name, or its path where another one has the same name. */
export function namesOf(models: readonly Pick<ComparedModel, 'name' | 'path' | 'mask'>[]): string[] {
  return models.map(({ name, path, mask }) => {
    const isShared = models.some((other) => other.name === name && other.path !== path)
    return isShared ? `${path}${mask === null ? '' : `, ${mask}`}` : name
  })
}

/** How much of the text each model read; where that differs much, losses are of different texts. */
function readText(models: readonly ComparedModel[]): string {
  const losses = models.map(({ loss }) => loss!)
  const what = areEncoders({ models }) ? 'hidden tokens' : 'tokens'
  const said = (loss: NonNullable<ComparedModel['loss']>) => `${count(loss.tokens)} ${what}, ${count(loss.bytes)} bytes`
  if (losses.every((loss) => said(loss) === said(losses[0]))) return said(losses[0])
  const names = namesOf(models)
  const each = models.map(({ loss }, i) => `${names[i]} ${said(loss!)}`).join('; ')
  const bytes = losses.map((loss) => loss.bytes)
  const differ = Math.max(...bytes) > 1.02 * Math.min(...bytes)
  return differ
    ? `${each}.\nthey read different parts of it, so that their losses compare only roughly (--windows chooses)`
    : each
}

const areEncoders = ({ models }: Pick<CompareReport, 'models'>): boolean => models[0].task === 'encoder'

const whatRan = ({ models, prompt, count: timed }: CompareReport): string =>
  areEncoders({ models })
    ? `${prompt} tokens read, and then ${timed} times more`
    : `${prompt} tokens read and ${timed} generated`

const lossHead = (report: CompareReport): string => (areEncoders(report) ? 'nats/hidden token' : 'nats/token')

const heads = (report: CompareReport): string[] => [
  'kind',
  'parameters',
  'bytes',
  'bits/weight',
  ...(report.data === null ? [] : [lossHead(report), 'bits/byte']),
  ...(report.models[0].speed
    ? ['load', areEncoders(report) ? 'first text' : 'first token', 'tokens/s', 'weights', 'memory']
    : []),
]

const milliseconds = (seconds: number): string => `${short(1000 * seconds)} ms`

function cells({ kind, dtype, parameters, bytes, bitsPerWeight, loss, speed, peakBytes }: ComparedModel): string[] {
  return [
    dtype === 'ticket' ? kind : `${kind}, ${dtype}`,
    count(parameters),
    count(bytes),
    bitsPerWeight.toFixed(3),
    ...(loss ? [loss.nats.toFixed(4), loss.bitsPerByte.toFixed(4)] : []),
    ...(speed
      ? [
          milliseconds(speed.load),
          milliseconds(speed.firstToken),
          short(speed.tokensPerSecond),
          `${speed.weights.kind}, ${bytesText(speed.weights.bytes)}`,
          peakBytes === null ? '-' : bytesText(peakBytes),
        ]
      : []),
  ]
}

const ratioHeads = (report: CompareReport): string[] => [
  'bytes',
  ...(report.data === null ? [] : [...(report.sameTokens ? [lossHead(report)] : []), 'bits/byte']),
  ...(report.models[0].speed ? ['load', 'tokens/s', 'memory'] : []),
]

/** Ratios of sizes, times and rates; differences of losses. */
function against(model: ComparedModel, first: ComparedModel, sameTokens: boolean): string[] {
  const times = (value: number, base: number) => `${(value / base).toFixed(2)}x`
  const difference = (value: number) => {
    const digits = Math.abs(value).toFixed(4)
    return `${value < 0 && Number(digits) > 0 ? '-' : '+'}${digits}`
  }
  const { bytes, loss, speed, peakBytes } = model
  return [
    times(bytes, first.bytes),
    ...(loss && first.loss
      ? [
          ...(sameTokens ? [difference(loss.nats - first.loss.nats)] : []),
          difference(loss.bitsPerByte - first.loss.bitsPerByte),
        ]
      : []),
    ...(speed && first.speed
      ? [
          times(speed.load, first.speed.load),
          times(speed.tokensPerSecond, first.speed.tokensPerSecond),
          peakBytes === null || first.peakBytes === null ? '-' : times(peakBytes, first.peakBytes),
        ]
      : []),
  ]
}
