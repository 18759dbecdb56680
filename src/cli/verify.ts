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

/**
 * Runs the checks of a ticket file, against a folder when given. What is no sound ticket throws InputError: the rest
 * needs one.
 */
export async function verify(path: string, folder?: string): Promise<Check[]> {
  const [{ openTicket }, { openFile }, { nodeSha256 }, { createGraphRunner }, { verifyGpt2 }] = await Promise.all([
    import('../ticket/index.js'),
    import('../runtime/files.js'),
    import('../runtime/sha256.js'),
    import('../runtime/onnx.js'),
    import('../prune/gpt2.js'),
  ])
  const target = folder === undefined ? {} : { target: await readTarget(folder) }
  const source = await openFile(path)
  try {
    const ticket = await openTicket(source, nodeSha256)
    const detail = `format version ${ticket.metadata.version}, structure and sizes; sha256 ${ticket.sha256.slice(0, 16)}...`
    const { checks } = await verifyGpt2({ ticket, runner: createGraphRunner(), ...target })
    return [{ name: 'file', passed: true, detail }, ...checks]
  } finally {
    await source.close()
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
