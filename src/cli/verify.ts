import type { Command } from 'commander'
import { readTarget } from './target.js'
import { createTerminal, short, type Terminal, table } from './terminal.js'

interface VerifyFlags {
  target?: string
  json?: boolean
}

/** One thing that was checked. */
interface Check {
  name: string
  passed: boolean
  detail: string
  value?: number
  limit?: number
}

const help = `
Examples:
  slt verify sorter.slt.safetensors
  slt verify sorter.slt.safetensors --target data/gpt-nano-sort

Regenerates the random weights from the seed, applies the masks literally at full source width, and runs the model.
Exit code 1 when a check fails.`

/** Adds `slt verify`. */
export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check a ticket: its hash, its masks applied literally, and what it computes')
    .argument('<ticket>', 'a ticket file')
    .option('--target <folder>', 'compare with this Hugging Face GPT-2 folder')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (path: string, flags: VerifyFlags) => {
      const terminal = createTerminal(flags)
      const checks = await verify(path, flags.target)
      const passed = checks.every((check) => check.passed)
      printChecks(terminal, checks)
      terminal.result({ ticket: path, passed, checks })
      if (!passed) process.exitCode = 1
    })
}

/** Runs the checks of a ticket file, against a folder when given. */
export async function verify(path: string, folder?: string): Promise<Check[]> {
  const { verifyGpt2 } = await import('../prune/gpt2.js')
  const target = folder === undefined ? undefined : await readTarget(folder)
  return (await verifyGpt2({ ticket: path, ...(target ? { target } : {}) })).checks
}

/** A table of checks, and the verdict. */
export function printChecks(terminal: Terminal, checks: readonly Check[]): void {
  const { green, red, bold } = terminal.colour
  const rows = checks.map(({ name, passed, detail, value, limit }) => [
    passed ? green('passed') : red('FAILED'),
    name,
    value === undefined ? '' : short(value),
    limit === undefined ? '' : short(limit),
    detail,
  ])
  terminal.print(table(terminal.colour, ['', 'check', 'value', 'limit', ''], rows))
  const failed = checks.filter((check) => !check.passed).length
  terminal.print(bold(failed ? `${failed} of ${checks.length} checks failed` : `all ${checks.length} checks passed`))
}
