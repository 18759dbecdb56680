import type { Command } from 'commander'
import type { Calibration } from '../experiments/index.js'
import type { Bound, BoundsOptions } from '../theory/index.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { count, createTerminal, short, type Terminal, table } from './terminal.js'
import { requiredOption } from './usage.js'
import { integer, positive, seedOption } from './values.js'

interface BoundFlags {
  d: number
  out?: number
  heads: number
  eps: number
  alpha?: number
  blocks?: number
  layers: number
  rotary?: boolean
  keyWidth?: number
  calibrate?: boolean
  seed: bigint
  json?: boolean
}

const help = `
Examples:
  slt bound --d 768 --heads 12 --eps 0.01
  slt bound --d 768 --heads 12 --eps 0.01 --blocks 12 --calibrate
  slt bound --d 288 --heads 6 --eps 0.01 --rotary

The paper leaves its constant C unspecified: widths are printed with C = 1, and with --calibrate also with a C
measured here by solving random subset-sum problems exactly.

--rotary adds what rotary heads need; the paper has none, docs/rotary.md has the proof. "rotary" is one random rotary layer of key
width n_K, no layer is added. "factored" is two random layers for each of W_Q and W_K, n_F wide between. Heads that share
keys and values (GQA) need no more of either.`

/** Adds `slt bound`. */
export function addBound(program: Command): void {
  program
    .command('bound')
    .description('how wide a random source must be, by each lemma and theorem of the paper')
    .addOption(requiredOption('--d <n>', 'input width d1', integer('d', 1)))
    .option('--out <n>', 'output width d2 (default: the input width)', integer('out', 1))
    .option('--heads <n>', 'attention heads H', integer('heads', 1), 1)
    .addOption(requiredOption('--eps <x>', 'error, and probability of failure', positive('eps', 1)))
    .option('--alpha <x>', 'bound on the input norms (default: the least allowed, sqrt d)', positive('alpha'))
    .option('--blocks <n>', 'blocks B: adds the theorems on blocks and transformers', integer('blocks', 1, 10_000))
    .option('--layers <n>', 'feed-forward layers L of the target', integer('layers', 1), 1)
    .option('--rotary', 'add the widths for rotary heads, in both constructions')
    .option('--key-width <n>', 'key width d_K of a rotary head, even (default: d / heads)', integer('key-width', 2))
    .option('--calibrate', 'measure an empirical C with the solver')
    .addOption(seedOption('seed of the calibration', 0n))
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((flags: BoundFlags) => interruptible((signal) => runBound(flags, signal)))
}

async function runBound(flags: BoundFlags, signal: AbortSignal): Promise<void> {
  const terminal = createTerminal(flags)
  const keyWidth = rotaryKeyWidth(flags)
  const { bounds, scoreSums } = await import('../theory/index.js')
  const options: BoundsOptions = {
    d1: flags.d,
    heads: flags.heads,
    eps: flags.eps,
    layers: flags.layers,
    ...(flags.out === undefined ? {} : { d2: flags.out }),
    ...(flags.alpha === undefined ? {} : { alpha: flags.alpha }),
    ...(flags.blocks === undefined ? {} : { blocks: flags.blocks }),
    ...(keyWidth === undefined ? {} : { keyWidth }),
  }
  const plain = bounds(options)
  const measured = flags.calibrate ? await measure(flags.seed, signal) : undefined
  const calibrated = measured && bounds({ ...options, C: measured.C })
  printBounds(terminal, plain, calibrated, measured?.C)
  const sums = keyWidth === undefined ? undefined : scoreSums(flags.d, keyWidth)
  if (sums) {
    terminal.print()
    terminal.print(
      `Subset sums for the scores of a head: ${count(sums.plain)} without rotation; rotary ${count(sums.rotary)}, factored ${count(sums.factored)} (d_K = ${keyWidth})`,
    )
  }
  if (measured) {
    const { d1, d2, eps, items, C, low, high, matrices } = measured
    terminal.print()
    terminal.print(
      `C = ${C.toFixed(3)} is empirical: ${items} items did for ${d1} x ${d2} matrices at eps = ${eps}, solved exactly`,
    )
    terminal.print(
      `(${matrices} matrices an item count; between ${low.toFixed(3)} and ${high?.toFixed(3) ?? '?'} at 95 %). It is no proof.`,
    )
  }
  const { seed, json: _, calibrate: __, rotary: ___, keyWidth: ____, ...asked } = flags
  terminal.result({
    ...asked,
    C: 1,
    bounds: plain,
    rotary: sums ? { keyWidth, scoreSums: sums } : null,
    calibrated: measured ? { ...measured, seed, bounds: calibrated } : null,
  })
}

/** d_K of a rotary head: as given, else the width by the heads. Undefined without --rotary. */
function rotaryKeyWidth({ d, heads, rotary, keyWidth }: BoundFlags): number | undefined {
  if (!rotary) {
    if (keyWidth !== undefined) throw new RangeError(`"key-width" expected --rotary beside it, got ${keyWidth} alone`)
    return undefined
  }
  const width = keyWidth ?? d / heads
  if (width % 2 === 0) return width
  if (keyWidth !== undefined) throw new RangeError(`"key-width" expected an even number, got ${keyWidth}`)
  throw new RangeError(`"key-width" expected a value, since d / heads = ${short(width)} is no even number, got none`)
}

async function measure(seed: bigint, signal: AbortSignal): Promise<Calibration> {
  const [{ calibrateC }, { loadSolver }] = await Promise.all([
    import('../experiments/index.js'),
    import('../engine/node.js'),
  ])
  const progress = createProgress('item counts')
  try {
    const solver = await loadSolver()
    const onProgress = ({ done, total, label }: Step) => progress.update(done, total, label)
    return await calibrateC(solver, { seed, onProgress, signal })
  } finally {
    progress.stop()
  }
}

type Step = { done: number; total: number; label: string }

function printBounds(terminal: Terminal, plain: Bound[], calibrated: Bound[] | undefined, C = 1): void {
  const head = ['statement', 'width', 'at least', 'C = 1', "items n'"]
  const rows = plain.map(({ statement, quantity, formula, width, itemsPerWeight }, i) => [
    statement,
    quantity,
    formula,
    widthText(width),
    widthText(itemsPerWeight),
    ...(calibrated ? [widthText(calibrated[i].width), widthText(calibrated[i].itemsPerWeight)] : []),
  ])
  if (calibrated) head.push(`C = ${C.toFixed(3)}`, "items n'")
  terminal.print(table(terminal.colour, head, rows))
}

const widthText = (value: number) => (value < 1e9 ? count(value) : short(value))
