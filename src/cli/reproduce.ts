import type { Command } from 'commander'
import { figureName } from '../experiments/figure.js'
import type { AnyFigure, FigureId, FigurePlan, FigureResult, LanguageFigureResult } from '../experiments/index.js'
import { verdictText } from '../experiments/verdict.js'
import { deviceOption } from './device-option.js'
import { openFigureFolder } from './figure-folder.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { rawOption } from './raw-option.js'
import {
  chooseLanguagePreset,
  type LanguageFlags,
  languageAdvice,
  prepareLanguage,
  printPoints,
} from './reproduce-language.js'
import { createTerminal, short, type Terminal, table } from './terminal.js'
import { trainTargetHere } from './train-angular-velocity.js'
import { integer, listOf, oneOf, positive, seedOption } from './values.js'

interface ReproduceFlags extends LanguageFlags {
  sources?: number
  trained?: boolean
  searchLr?: number
  trainLr?: number
  force?: boolean
  json?: boolean
}

const synthetic = ['figure-4', 'figure-5', 'figure-6', 'rotary'] as const
/** What runs when no figure is named. */
const unnamed = ['figure-4', 'figure-5', 'figure-6'] as const
const language = ['figure-7', 'figure-8'] as const
const figures = [...synthetic, ...language] as const

/** Options that mean nothing without one of these figures. */
const syntheticOnly = ['sources'] as const
const languageOnly = [
  'paper',
  'data',
  'valid',
  'raw',
  'models',
  'seeds',
  'steps',
  'scales',
  'widths',
  'microBatch',
  'searchLr',
  'trainLr',
  'device',
  'threads',
  'queue',
  'store',
] as const

const help = `
Examples:
  slt reproduce                      figures 4, 5 and 6 with 100 sources each, into out/
  slt reproduce figure-4 --quick     a first look, with 10 sources
  slt reproduce figure-4 figure-5 --trained
  slt reproduce rotary               rotary heads, which the paper has not
  slt reproduce figure-7 figure-8 --quick
  slt reproduce figure-7 figure-8    39 language models: about two hours on two cores
  slt reproduce figure-8 --seeds 1 --scales 1,2,auto,4,8
  slt reproduce figure-7 --paper --models mini --data wiki.train.txt --valid wiki.valid.txt --device cuda

Writes figure-N.json, figure-N.svg (N is a number or "rotary") and report.html. The report shows every figure whose JSON lies in the folder. A figure that lies there is made
again with the same settings, and with more seeds, widths or scales beside its own; other settings need --force, or another --out.
The paper trains the target of figures 4 and 5: so does --trained,
on the CPU whatever --device says, which is for figures 7 and 8.
Figures 7 and 8 search and train language models, so they run only when asked for, on tiny Shakespeare unless --data is
given. Their results are in a store. Ctrl-C saves, and the same command goes on; what has been run is not run again, so
--seeds 1 first and --seeds 3 later costs no more. With --queue, slt work runs them on any machines. --paper has the paper's sizes and schedule (GPT-2 mini, small and medium,
11,350 steps of 512 windows of 1024 GPT-2 tokens) and needs the text of WikiText-103; mini alone is 7e19 floating-point operations,
six weeks of arithmetic alone at 20 Tflop/s.`

/** Adds `slt reproduce`. */
export function addReproduce(program: Command): void {
  program
    .command('reproduce')
    .description('run the figures of the paper, and one of rotary heads, with fits and the claims beside them')
    .argument('[figures...]', `${figures.join(', ')} (default: 4, 5 and 6)`)
    .option('--quick', 'fewer sources (10); for figures 7 and 8 tiny models, seconds')
    .option(
      '--sources <n>',
      'figures 4 to 6 and rotary: random sources for each point (default: 100)',
      integer('sources', 1, 100_000),
    )
    .option('--trained', 'train the target of figures 4 and 5 first (seconds)')
    .option('--paper', "figures 7 and 8: the paper's models and schedule; needs --data")
    .option('--data <path>', 'figures 7 and 8: text to learn from (default: tiny Shakespeare)')
    .option('--valid <path>', 'text to validate on (default: the last tenth of the data)')
    .addOption(rawOption('without --paper: '))
    .option('--models <list>', 'with --paper: some of mini,small,medium', listOf('models', String))
    .option('--seeds <n>', 'runs of each model, with seeds from --seed on (default: 3)', integer('seeds', 1, 1000))
    .option('--steps <n>', 'steps of each run (default: 500)', integer('steps', 1))
    .option('--widths <list>', 'figure 7: factors of the width (default: 0.5,1,2)', listOf('widths', readFactor))
    .option(
      '--scales <list>',
      'figure 8: QK scales; auto is n_K^(1/4) (default: 1,1.5,2,auto,4,5)',
      listOf('scales', (text) => (text === 'auto' ? text : positive('scales')(text))),
    )
    .option('--search-lr <x>', 'highest learning rate of searches', positive('search-lr'))
    .option('--train-lr <x>', 'highest learning rate of training', positive('train-lr'))
    .option('--micro-batch <n>', 'windows that go through the graph at once', integer('micro-batch', 1))
    .addOption(deviceOption())
    .option(
      '--threads <n>',
      'threads of a run, whose last bits depend on them (default: 1, and as many runs at a time as there are cores)',
      integer('threads', 1, 1024),
    )
    .option('--queue <address>', 'figures 7 and 8: have the models run by slt work: redis://host:port')
    .option(
      '--store <place>',
      'where their results go: a folder or s3://bucket/prefix (default: <out>/store; with --queue that of the workers)',
    )
    .addOption(seedOption('seed of everything random', 0n))
    .option('--out <folder>', 'folder for the results, made when missing', 'out')
    .option('--force', 'replace figures of other settings, and other files of their names')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((names: string[], flags: ReproduceFlags) =>
      interruptible(
        (signal) => reproduce(names, flags, signal),
        names.some((name) => name === 'figure-7' || name === 'figure-8') ? languageAdvice : undefined,
        { patience: 30_000 }, // language models save themselves
      ),
    )
}

async function reproduce(names: string[], given: ReproduceFlags, signal: AbortSignal): Promise<void> {
  const flags = { ...given, searchRate: given.searchLr, trainRate: given.trainLr }
  const terminal = createTerminal(flags)
  const { synthetic: first, language: second } = chooseFigures(names)
  if (flags.trained && !first.some((figure) => figure === 4 || figure === 5)) {
    throw new RangeError('"trained" expected figure-4 or figure-5 among the figures: the others have no trained target')
  }
  refuse(flags, first.length ? [] : syntheticOnly, synthetic)
  refuse(flags, second.length ? [] : languageOnly, language)
  const preset = second.length ? await chooseLanguagePreset(flags) : undefined
  const sources = flags.sources ?? (flags.quick ? 10 : 100)
  const prepared = preset && (await prepareLanguage(second, preset, flags, { terminal, signal }))
  const plans: FigurePlan[] = first.map((figure) => {
    return { figure, sources, seed: String(flags.seed), trained: flags.trained === true }
  })
  const folder = await openFigureFolder(flags.out, [...plans, ...(prepared?.plans ?? [])], flags)
  const results: (FigureResult | LanguageFigureResult)[] = []
  const show = async (result: FigureResult | LanguageFigureResult) => {
    results.push(result)
    await folder.writeFigure(result)
    printFigure(terminal, result)
  }
  await reproduceSynthetic(first, { ...flags, sources }, signal, show)
  const made = await prepared?.run()
  for (const result of made?.figures ?? []) await show(result)
  await folder.writeReport(results)
  const { written, others } = folder
  terminal.print(`Written: ${written.join(', ')}`)
  if (others.length > 0) {
    const names = others.map(({ figure }) => figure)
    terminal.print(`The report also shows ${names.length > 1 ? 'figures' : 'figure'} ${names.join(', ')}, made before`)
  }
  terminal.result({
    ...(first.length ? { sources } : {}),
    seed: flags.seed,
    files: written,
    ...(made ? { runs: made.runs } : {}),
    figures: results,
  })
}

/** Runs some of Figures 4 to 6 and that of rotary heads. */
async function reproduceSynthetic(
  numbers: readonly FigureId[],
  { sources, seed, trained }: { sources: number; seed: bigint; trained?: boolean | undefined },
  signal: AbortSignal,
  show: (result: FigureResult) => Promise<void>,
): Promise<void> {
  if (numbers.length === 0) return
  const [{ runFigure }, { loadSolver }] = await Promise.all([
    import('../experiments/index.js'),
    import('../engine/node.js'),
  ])
  const solver = await loadSolver()
  const target = trained ? await trainTargetHere({ seed, signal }) : undefined
  for (const figure of numbers) {
    const progress = createProgress('steps')
    const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
      progress.update(done, total, `${figure === 'rotary' ? '' : 'figure '}${figure}, ${label}`)
    const options = { solver, sources, seed, ...(target && { target }), signal, onProgress }
    await show(await runFigure(figure, options).finally(progress.stop))
  }
}

function printFigure(terminal: Terminal, result: FigureResult | LanguageFigureResult): void {
  terminal.print(
    `${terminal.colour.bold(`${figureName(result.figure)}: ${result.title}`)} (${short(result.seconds)} s)`,
  )
  terminal.print(`  the paper: ${result.paper.claim}`)
  if ('fits' in result) {
    for (const { name, rate, rateError } of result.fits) {
      terminal.print(`  fit, ${name}: rate ${rate.toFixed(4)} ± ${short(rateError)}`)
    }
  } else {
    printPoints(terminal, result)
    terminal.print()
  }
  const rows = result.checks.map(({ claim, measured, holds }) => [verdictText(holds), claim, measured])
  terminal.print(table(terminal.colour, ['', 'claim', 'measured'], rows))
  terminal.print()
}

/** The figures asked for, each once and in order; 4 to 6 when none is. */
function chooseFigures(names: readonly string[]): { synthetic: FigureId[]; language: (7 | 8)[] } {
  const asked = names.map(oneOf('figures', figures))
  const chosen = new Set<string>(asked.length ? asked : unnamed)
  const some = <T extends AnyFigure>(all: readonly string[]) =>
    all.filter((name) => chosen.has(name)).map((name) => (name === 'rotary' ? name : Number(name.slice(-1))) as T)
  return { synthetic: some<FigureId>(synthetic), language: some<7 | 8>(language) }
}

function refuse(flags: object, names: readonly string[], without: readonly string[]): void {
  const name = names.find((candidate) => (flags as Record<string, unknown>)[candidate] !== undefined)
  if (name === undefined) return
  const option = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new RangeError(`"${option}" expected ${without.join(' or ')} among the figures: the others do not use it`)
}

/** Reads `x0.5` or `0.5`. */
function readFactor(text: string): number {
  return positive('widths')(text.replace(/^x/, ''))
}
