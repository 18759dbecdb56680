import { basename } from 'node:path'
import type { Command } from 'commander'
import type { MaskPicture, TicketReport } from '../inspect/index.js'
import { factsTable, masksTable, matricesLegend, matricesTable, sizesTable, summaryLine } from './inspect-tables.js'
import { interruptible } from './interrupt.js'
import { type MasksFlags, masksOf, masksOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { createTerminal } from './terminal.js'

interface InspectFlags extends MasksFlags, MemoryFlags {
  plot?: string
  force?: boolean
  json?: boolean
}

const help = `
Examples:
  slt inspect story.slt.safetensors
  slt inspect story.slt.safetensors --plot masks.svg
  slt inspect story.slt.safetensors --json
  slt inspect story.slt.safetensors other.slt.safetensors --plot shared.svg
  slt inspect plays.slt.safetensors --mask tragedies
  slt inspect plays.slt.safetensors plays.slt.safetensors --mask comedies,tragedies
  slt inspect story.gguf

Reads the masks and checks them and the file's hash; runs no model. Where "x chance" is far above 1, lines of a mask differ more than
luck explains: the mask has structure. Of two tickets: whether they share their random network, and then which weights both keep, against what chance gives at these
densities and what the scores give that both searches started from; of other networks how much each keeps. Of a GGUF file: its model, its tokenizer, and what its tensors are stored as.`

/** Adds `slt inspect`. */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('what a ticket is made of: seed, configuration, bits a weight, what its masks keep, sizes')
    .argument('<ticket>', 'a ticket file, or a GGUF file')
    .argument('[other]', 'a second ticket: what do the two share?')
    .option('--plot <file>', 'also draw the densities of the masks, or what two tickets share: an SVG file')
    .option('--force', 'replace the SVG file that is there')
    .addOption(masksOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(runInspect)
}

async function runInspect(path: string, other: string | undefined, flags: InspectFlags): Promise<void> {
  if (other !== undefined) return (await import('./inspect-pair.js')).inspectTwo([path, other], flags)
  const { isGgufFile } = await import('../jobs/own-tokenizer.js')
  if (await isGgufFile(path)) {
    if (flags.mask !== undefined) throw new RangeError(`"mask" expected a ticket, got ${path}, a GGUF file`)
    return (await import('./inspect-gguf.js')).inspectGgufFile(path, flags)
  }
  const terminal = createTerminal(flags)
  const [{ inspectFile }, { densitySvg }, { writeTextAtomically }, { assertWritable, expectSvg }] = await Promise.all([
    import('../jobs/inspect.js'),
    import('../inspect/index.js'),
    import('../files/files.js'),
    import('../files/output-path.js'),
  ])
  const { plot, force } = flags
  const [mask] = masksOf(flags.mask, 1)
  if (plot !== undefined) expectSvg(plot, 'plot')
  const replaces = plot === undefined ? undefined : await assertWritable(plot, { inputs: [path], force })
  const pictures: MaskPicture[] = []
  const progress = createProgress('matrices')
  let report: TicketReport
  try {
    report = await interruptible((signal) =>
      inspectFile(path, {
        signal,
        memoryLimit: flags.memoryLimit,
        mask,
        onProgress: (done, total, name) => progress.update(done, total, name),
        ...(plot === undefined ? {} : { onPicture: (picture: MaskPicture) => pictures.push(picture) }),
      }),
    )
  } finally {
    progress.stop()
  }
  if (plot !== undefined) {
    if (pictures.length === 0) throw new RangeError(`"plot" expected a ticket with masks, got ${path} without any`)
    await writeTextAtomically(plot, densitySvg(pictures, headings(path, report)), { replaces })
    terminal.note(`written: ${plot}`)
  }
  terminal.print(factsTable(report))
  terminal.print()
  const masks = masksTable(terminal, report)
  if (masks !== undefined) terminal.print(`${masks}\n`)
  terminal.print(matricesTable(terminal, report))
  terminal.print(matricesLegend(report))
  terminal.print()
  terminal.print(sizesTable(terminal, report))
  terminal.print()
  terminal.print(terminal.colour.bold(summaryLine(report)))
  terminal.result({ ticket: path, ...report, plot: plot ?? null })
}

function headings(path: string, { kind, seed, total, size, search, construction }: TicketReport) {
  const kept = `${(100 * total.fraction).toFixed(1)} % of ${total.maskBits.toLocaleString('en-US')} random weights kept`
  const how = search
    ? `${search.algorithm}, ${search.initialisation}, ${search.steps} steps`
    : construction
      ? `${construction.itemsPer === 'matrix' ? 'up to ' : ''}${construction.items} products a weight, ${construction.method}`
      : ''
  const what =
    kind === 'searched'
      ? 'Kept fractions of the masks: each cell is a block of weights, inputs (of embeddings tokens or positions) from top to bottom, outputs from left to right.'
      : 'Kept fractions of the second masks: rows are the inputs that hidden units see, so a cell shows how many of the random products of a block of target weights are kept; grey: no unit sees the input.'
  return {
    title: `What ${basename(path)} keeps`,
    subtitle: [`seed ${seed}`, how, kept, `${size.bitsPerWeight.toFixed(3)} bits a parameter`]
      .filter(Boolean)
      .join(' · '),
    caption: `${what} Colours and profiles are relative to the matrix’ own kept fraction, which stands above it. Below it: how many times the variance of a random mask with as many ones the kept fractions of its ${kind === 'searched' ? 'rows' : 'hidden units'} and of its columns have (×1 is chance).`,
  }
}
