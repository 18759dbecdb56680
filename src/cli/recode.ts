import type { Command } from 'commander'
import { bytesText } from '../inspect/bytes-text.js'
import { layouts, type MaskCoding, maskCodings, type TicketLayout } from '../ticket/index.js'
import { interruptible } from './interrupt.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createTerminal } from './terminal.js'
import { requiredOption } from './usage.js'
import { oneOf } from './values.js'

interface RecodeFlags extends MemoryFlags {
  coding: MaskCoding
  layout?: TicketLayout
  out: string
  force?: boolean
  json?: boolean
}

const help = `
Examples:
  slt recode story.slt.safetensors --out small.slt.safetensors
  slt recode story.slt.safetensors --layout separate --out older.slt.safetensors

The masks, and with them the weights, stay the same bit for bit. range comes closest to the entropy of a searched mask, and below
that of its density where the seed tells more. A searched ticket is written with all its masks in one tensor (version 4 of the format);
--layout separate writes a tensor for each mask, which readers of versions 1 to 3 know: with --coding bits those of version 1.`

/** Adds `slt recode`. */
export function addRecode(program: Command): void {
  program
    .command('recode')
    .description('write a ticket again with its masks stored as range codes, deflate or plain bits')
    .argument('<ticket>', 'a ticket file')
    .addOption(requiredOption('--out <file>', 'where the result goes'))
    .option('--coding <c>', maskCodings.join(', '), oneOf('coding', maskCodings), 'range' as const)
    .option('--layout <l>', `of a searched ticket: ${layouts.join(', ')} (default: packed)`, oneOf('layout', layouts))
    .option('--force', 'replace what is there; the ticket itself needs none')
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (path: string, { coding, layout, out, force, memoryLimit, ...flags }: RecodeFlags) => {
      const terminal = createTerminal(flags)
      const { recodeTicket } = await import('../jobs/recode-ticket.js')
      const report = await interruptible((signal) =>
        recodeTicket(path, coding, out, { force, layout, memoryLimit, signal }),
      )
      const { from, to } = report.bytes
      terminal.print(
        `${out}: ${bytesText(to)}, ${((100 * to) / from).toFixed(1)} % of ${bytesText(from)} (${report.coding.from} before, ${coding} now)`,
      )
      terminal.result(report)
    })
}
