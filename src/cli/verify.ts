import type { Command } from 'commander'
import type { Check } from '../prune/verify-gpt2.js'
import { interruptible } from './interrupt.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { readTarget } from './target.js'
import { createTerminal, short, type Terminal, table } from './terminal.js'

interface VerifyFlags extends MemoryFlags {
  target?: string
  json?: boolean
}

const help = `
Examples:
  slt verify sorter.slt.safetensors
  slt verify sorter.slt.safetensors --target data/gpt-nano-sort

Regenerates the random weights from the seed, applies the masks literally at full source width, and runs the model,
all on the CPU. Exit code 1 when a check fails.`

/** Adds `slt verify`. */
export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check a ticket: its hash, its masks applied literally, and what it computes')
    .argument('<ticket>', 'a ticket file')
    .option('--target <folder>', 'compare with this Hugging Face GPT-2 folder')
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (path: string, flags: VerifyFlags) => {
      const terminal = createTerminal(flags)
      const checks = await verify(path, flags.target, flags.memoryLimit)
      const passed = checks.every((check) => check.passed)
      printChecks(terminal, checks)
      terminal.result({ ticket: path, passed, checks })
      if (!passed) process.exitCode = 1
    })
}

/**
 * Runs the checks of a ticket file, against a folder when given. What is no sound ticket throws InputError: the rest
 * needs one.
 * @param memoryLimit bytes that the ticket may ask for
 */
export async function verify(path: string, folder?: string, memoryLimit?: number): Promise<Check[]> {
  const { verifyGpt2 } = await import('../runtime/prune.js')
  const target = folder === undefined ? {} : { target: await readTarget(folder, 'target', '--target') }
  const progress = createProgress('matrices')
  try {
    return await interruptible(async (signal) => {
      const onProgress = ({ pair, done, total }: { pair: string; done: number; total: number }) =>
        progress.update(done, total, pair)
      return (await verifyGpt2({ ticket: path, memoryLimit, signal, onProgress, ...target })).checks
    })
  } finally {
    progress.stop()
  }
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
