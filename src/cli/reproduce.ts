import { join } from 'node:path'
import type { Command } from 'commander'
import type { FigureNumber, FigureResult } from '../experiments/index.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { createTerminal, short, table } from './terminal.js'
import { trainTargetHere } from './train-angular-velocity.js'
import { integer, oneOf, seedOption } from './values.js'

interface ReproduceFlags {
  quick?: boolean
  sources?: number
  trained?: boolean
  seed: bigint
  out: string
  json?: boolean
}

const figures = ['figure-4', 'figure-5', 'figure-6'] as const

const help = `
Examples:
  slt reproduce                      figures 4, 5 and 6 with 100 sources each, into out/
  slt reproduce figure-4 --quick     a first look, with 10 sources
  slt reproduce figure-4 figure-5 --trained

Writes figure-N.json, figure-N.svg and report.html. The paper trains the target of figures 4 and 5: so does --trained.`

/** Adds `slt reproduce`. */
export function addReproduce(program: Command): void {
  program
    .command('reproduce')
    .description('run the figures of the paper that need no training, with fits and the claims beside them')
    .argument('[figures...]', `${figures.join(', ')} (default: all)`)
    .option('--quick', 'fewer sources (10)')
    .option('--sources <n>', 'random sources for each point (default: 100)', integer('sources', 1, 100_000))
    .option('--trained', 'train the target of figures 4 and 5 first (seconds)')
    .addOption(seedOption('seed of everything random', 0n))
    .option('--out <folder>', 'folder for the results, made when missing', 'out')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((names: string[], flags: ReproduceFlags) => interruptible((signal) => reproduce(names, flags, signal)))
}

async function reproduce(names: string[], flags: ReproduceFlags, signal: AbortSignal): Promise<void> {
  const terminal = createTerminal(flags)
  const chosen = new Set(names.map((name) => figureNumber(oneOf('figures', figures)(name))))
  const numbers = chosen.size ? [...chosen].sort() : figures.map(figureNumber)
  if (flags.trained && !numbers.some((figure) => figure < 6)) {
    throw new RangeError('"trained" expected figure-4 or figure-5 among the figures: the others have no trained target')
  }
  const [{ renderFigure, renderReport, runFigure }, { loadSolver }, { makeFolder, writeTextAtomically }] =
    await Promise.all([import('../experiments/index.js'), import('../runtime/node.js'), import('../runtime/files.js')])
  await makeFolder(flags.out)
  const solver = await loadSolver()
  const target = flags.trained ? await trainTargetHere({ seed: flags.seed, signal }) : undefined
  const sources = flags.sources ?? (flags.quick ? 10 : 100)
  const results: FigureResult[] = []
  const written: string[] = []
  const write = async (name: string, text: string) => {
    await writeTextAtomically(join(flags.out, name), text)
    written.push(join(flags.out, name))
  }
  for (const figure of numbers) {
    const progress = createProgress('steps')
    const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
      progress.update(done, total, `figure ${figure}, ${label}`)
    const options = { solver, sources, seed: flags.seed, ...(target && { target }), signal, onProgress }
    const result = await runFigure(figure, options).finally(progress.stop)
    results.push(result)
    await write(`figure-${figure}.json`, `${JSON.stringify(result, null, 2)}\n`)
    await write(`figure-${figure}.svg`, renderFigure(result))
    terminal.print(`${terminal.colour.bold(`Figure ${figure}: ${result.title}`)} (${short(result.seconds)} s)`)
    terminal.print(`  the paper: ${result.paper.claim}`)
    for (const { name, rate, rateError } of result.fits) {
      terminal.print(`  fit, ${name}: rate ${rate.toFixed(4)} ± ${short(rateError)}`)
    }
    const rows = result.checks.map(({ claim, measured, holds }) => [holds ? 'holds' : 'does not hold', claim, measured])
    terminal.print(table(terminal.colour, ['', 'claim', 'measured'], rows))
    terminal.print()
  }
  await write('report.html', renderReport(results))
  terminal.print(`Written: ${written.join(', ')}`)
  terminal.result({ sources, seed: flags.seed, files: written, figures: results })
}

function figureNumber(name: (typeof figures)[number]): FigureNumber {
  return Number(name.slice(-1)) as FigureNumber
}
