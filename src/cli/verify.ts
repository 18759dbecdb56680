import type { Command } from 'commander'
import type { Tokenizer } from '../data/index.js'
import type { VerifyFileOptions } from '../jobs/prune.js'
import type { Check } from '../prune/verify.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { readTarget, type Target } from './target.js'
import { createTerminal, short, type Terminal, table } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { positive, share } from './values.js'

interface VerifyFlags extends MaskFlags, MemoryFlags {
  target?: string
  data?: string
  tokenizer?: string
  maxKl?: number
  minGreedy?: number
  minCosine?: number
  json?: boolean
}

const help = `
Examples:
  slt verify sorter.slt.safetensors
  slt verify sorter.slt.safetensors --target data/gpt-nano-sort
  slt verify model.slt.safetensors --target gpt2-folder --data text.txt --max-kl 0.001

Regenerates the random weights from the seed, applies the masks literally at full source width, and runs the model,
all on the CPU. Against a target, every weight must have the error that pruning recorded, and the predictions are compared on up to 2,048
tokens that the target writes, or on a text: by how many nats a token the ticket's loss exceeds the target's (0.01 is 1 % of the
perplexity), and how often both take the same token for the likeliest. Exit code 1 when a check fails.`

/** Adds `slt verify`. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('check a ticket: its hash, its masks applied literally, and what it computes')
    .argument('<ticket>', 'a ticket file')
    .option('--target <folder>', 'compare with this Hugging Face folder or GGUF file')
    .option('--data <path>', 'compare predictions on this text instead: a file, a folder or a tokenised file')
    .addOption(tokenizerOption("of the text (default: the target's)"))
    .option('--max-kl <nats>', 'what the predictions may lose in nats a token (default: 0.01)', positive('max-kl'))
    .option(
      '--min-greedy <share>',
      'how many of the likeliest tokens must be the same (default: 0.95)',
      share('min-greedy'),
    )
    .option(
      '--min-cosine <share>',
      "least mean cosine of an encoder's embeddings to the target's (default: 0.9999)",
      share('min-cosine'),
    )
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (path: string, { target: folder, ...flags }: VerifyFlags) => {
      for (const [name, value] of Object.entries({ data: flags.data, tokenizer: flags.tokenizer })) {
        const other = name === 'data' ? folder : flags.data
        if (value === undefined || other !== undefined) continue
        return command.error(`slt: --${name} goes with ${name === 'data' ? '--target' : '--data'}`, { exitCode: 2 })
      }
      const terminal = createTerminal(flags)
      const target = folder === undefined ? undefined : await readTarget(folder, 'target', '--target')
      for (const warning of target?.warnings ?? []) terminal.note(warning)
      const tokenizer =
        target && flags.data !== undefined ? await tokenizerOf(folder!, target, flags.tokenizer) : undefined
      const { checks, warnings } = await verify(path, { ...flags, tokenizer, ...(target && { target }) })
      for (const warning of warnings) terminal.note(warning)
      const passed = checks.every((check) => check.passed)
      printChecks(terminal, checks)
      terminal.result({ ticket: path, passed, checks, warnings: [...(target?.warnings ?? []), ...warnings] })
      if (!passed) process.exitCode = 1
    })
}

/** The tokenizer of a target's text. @throws InputError when the folder has none and none was given */
async function tokenizerOf(folder: string, { config }: Target, given: string | undefined): Promise<Tokenizer> {
  const [{ tokenizerAt }, { loadModelTokenizer }] = await Promise.all([
    import('../jobs/own-tokenizer.js'),
    import('../jobs/searched-text.js'),
  ])
  return loadModelTokenizer({ path: folder, config, ...(await tokenizerAt(folder)) }, given)
}

/** Runs the checks of a ticket file with a progress bar. What is no sound ticket throws InputError: the rest needs one. */
export async function verify(
  path: string,
  options: Omit<VerifyFileOptions, 'ticket' | 'signal' | 'onProgress'> = {},
): Promise<{ checks: Check[]; warnings: readonly string[] }> {
  const { verifyModel } = await import('../jobs/prune.js')
  const progress = createProgress('matrices')
  try {
    return await interruptible((signal) => {
      const onProgress = ({ pair, done, total }: { pair: string; done: number; total: number }) =>
        progress.update(done, total, pair)
      return verifyModel({ ...options, ticket: path, signal, onProgress })
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
