import type { Command } from 'commander'
import { bytesText } from '../inspect/bytes-text.js'
import { type MaskCoding, maskCodings } from '../ticket/index.js'
import { interruptible } from './interrupt.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createTerminal } from './terminal.js'
import { requiredOption } from './usage.js'
import { oneOf } from './values.js'

interface RecodeFlags extends MemoryFlags {
  coding: MaskCoding
  out: string
  force?: boolean
  json?: boolean
}

const help = `
Examples:
  slt recode story.slt.safetensors --out small.slt.safetensors
  slt recode story.slt.safetensors --coding bits --out plain.slt.safetensors

The masks, and with them the weights, stay the same bit for bit. range comes closest to the entropy of a searched mask, and below
that of its density where the seed tells more; bits is what readers of version 1 of the format know.`

/** Adds `slt recode`. */
export function addRecode(program: Command): void {
  program
    .command('recode')
    .description('write a ticket again with its masks stored as range codes, deflate or plain bits')
    .argument('<ticket>', 'a ticket file')
    .addOption(requiredOption('--out <file>', 'where the result goes'))
    .option('--coding <c>', maskCodings.join(', '), oneOf('coding', maskCodings), 'range' as const)
    .option('--force', 'replace what is there; the ticket itself needs none')
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (path: string, { coding, out, force, memoryLimit, ...flags }: RecodeFlags) => {
      const terminal = createTerminal(flags)
      const { recodeTicket } = await import('../jobs/recode-ticket.js')
      const report = await interruptible((signal) => recodeTicket(path, coding, out, { force, memoryLimit, signal }))
      const { from, to } = report.bytes
      terminal.print(
        `${out}: ${bytesText(to)}, ${((100 * to) / from).toFixed(1)} % of ${bytesText(from)} (${report.coding.from} before, ${coding} now)`,
      )
      terminal.result(report)
    })
}
