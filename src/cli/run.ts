import type { Command } from 'commander'
import { createTerminal } from './terminal.js'
import { integer, readTokens } from './values.js'

interface RunFlags {
  tokens: Prompt
  count?: number
  json?: boolean
}

const help = `
Examples:
  slt run sorter.slt.safetensors --tokens 2,1,0,0,1,2
  slt run sorter.slt.safetensors --tokens CBAABC
  slt run sorter.slt.safetensors --tokens 2,1,0,0,1,2 --count 3 --json`

/** Tokens, and how the answer is to be shown. */
interface Prompt {
  readonly tokens: number[]
  /** Given as letters: A for token 0, B for 1 and so on. */
  readonly isLetters: boolean
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

const readPrompt = (text: string): Prompt =>
  /^[A-Z]{1,10000}$/.test(text)
    ? { tokens: Array.from(text, (letter) => LETTERS.indexOf(letter)), isLetters: true }
    : { tokens: readTokens(text), isLetters: false }

/** Most tokens that are added when --count is not given. */
const DEFAULT_COUNT = 32

/** Adds `slt run`. */
export function addRun(program: Command): void {
  program
    .command('run')
    .description("run a ticket: the greedy continuation of some tokens, by the seed's weights under the masks")
    .argument('<ticket>', 'a ticket file, or a Hugging Face GPT-2 folder')
    .requiredOption(
      '--tokens <list>',
      'tokens to continue, with commas between, or letters (A is 0, B is 1, ...)',
      readPrompt,
    )
    .option(
      '--count <n>',
      'tokens to add (default: while the context lasts, at most 32)',
      integer('count', 1, 1_000_000),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(runTicket)
}

async function runTicket(path: string, flags: RunFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const [{ generateGreedy }, { openModel }] = await Promise.all([
    import('../model/gpt2-generate.js'),
    import('../runtime/open-model.js'),
  ])
  const { model, warnings, close } = await openModel(path)
  for (const warning of warnings) terminal.note(warning)
  try {
    const { vocabulary, positions } = model.config
    const { tokens, isLetters } = flags.tokens
    if (isLetters && vocabulary > LETTERS.length) {
      throw new RangeError(`"tokens" expected numbers for a vocabulary of ${vocabulary}, got letters`)
    }
    const bad = tokens.find((token) => token >= vocabulary)
    if (bad !== undefined) throw new RangeError(`"tokens" expected integers below ${vocabulary}, got ${bad}`)
    if (tokens.length > positions) {
      throw new RangeError(`"tokens" expected at most ${positions} tokens, the model's context, got ${tokens.length}`)
    }
    const added = flags.count ?? Math.min(positions - tokens.length + 1, DEFAULT_COUNT)
    const continuation = await generateGreedy(model, tokens, added)
    terminal.print(isLetters ? continuation.map((token) => LETTERS[token]).join('') : continuation.join(','))
    terminal.result({ ticket: path, tokens, continuation, warnings })
  } finally {
    await close()
  }
}
