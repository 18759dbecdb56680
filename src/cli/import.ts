import type { Command } from 'commander'
import { bytesText } from '../inspect/bytes-text.js'
import { interruptible } from './interrupt.js'
import { createTerminal } from './terminal.js'
import { requiredOption } from './usage.js'

const help = `
Examples:
  slt import '#ticket=AQ...' --out sorter.slt.safetensors
  slt import link.txt --out sorter.slt.safetensors
  zbarimg -q --raw sorter.png | slt import - --out sorter.slt.safetensors

The text is what slt export --to url printed, or what a reader of its QR code gives; line breaks in it do not matter. The file is
the one that was exported, byte for byte, unless that was done with --lean.`

/** Adds `slt import`. */
export function addImport(program: Command): void {
  program
    .command('import')
    .description('write the ticket of a link or of the digits of a QR code as a file')
    .argument('<text>', 'a link, its fragment or digits; a file that holds one; or - for standard input')
    .addOption(requiredOption('--out <file>', 'where the ticket goes'))
    .option('--force', 'replace what is there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (text: string, flags: { out: string; force?: boolean; json?: boolean }) => {
      const terminal = createTerminal(flags)
      const { importTicket } = await import('../jobs/ticket-text.js')
      const report = await interruptible(() => importTicket(text, flags.out, flags))
      terminal.print(`${terminal.colour.bold(report.out)}: ${bytesText(report.bytes)}, sha256 ${report.sha256}`)
      terminal.result(report)
    })
}
