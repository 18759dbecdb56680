import type { Command } from 'commander'
import { beyondContext, longPrompt } from './context-notes.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createTerminal } from './terminal.js'
import { requiredOption } from './usage.js'
import { integer, readTokens } from './values.js'
import { activationsOption, type WeightsFlags, weightsNote, weightsOption } from './weights-option.js'

interface RunFlags extends MaskFlags, MemoryFlags, WeightsFlags {
  tokens: Prompt
  count?: number
  stop: boolean
  json?: boolean
}

const help = `
Examples:
  slt run sorter.slt.safetensors --tokens 2,1,0,0,1,2
  slt run sorter.slt.safetensors --tokens CBAABC
  slt run sorter.slt.safetensors --tokens 2,1,0,0,1,2 --count 3 --json

The tokens are those of slt generate --temperature 0. They end with the model's end token, if it has one. When the context is
full, the model goes on from the last half of it.`

/** What is continued: token numbers, or letters, which are answered with letters. */
type Prompt = number[] | string

const readPrompt = (text: string): Prompt => (/^\p{L}+$/u.test(text) ? text : readTokens(text))

/** Most tokens that are added when --count is not given. */
const DEFAULT_COUNT = 32

/** Adds `slt run`. */
export function addRun(program: Command): void {
  program
    .command('run')
    .description('the greedy continuation of some tokens by a model that predicts the next one: a GPT-2 or a Llama')
    .argument('<ticket>', 'a ticket, a file of slt train, a Hugging Face folder, or a GGUF file')
    .addOption(
      requiredOption(
        '--tokens <list>',
        'tokens to continue, with commas between, or capital letters (A is 0, B is 1, ...)',
        readPrompt,
      ),
    )
    .option(
      '--count <n>',
      'most tokens to add (default: while the context lasts, at most 32)',
      integer('count', 1, 1_000_000),
    )
    .option('--no-stop', 'go on after the end token')
    .addOption(weightsOption())
    .addOption(activationsOption())
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((path: string, flags: RunFlags) => interruptible(() => runTicket(path, flags)))
}

async function runTicket(path: string, flags: RunFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const [{ countBeyond, generateTokens }, { openModel }, { endTokens }, { LETTERS }, { literalNote }] =
    await Promise.all([
      import('../families/generate.js'),
      import('../jobs/open-model.js'),
      import('../interop/special-tokens.js'),
      import('../data/letter-tokenizer.js'),
      import('../jobs/literal-note.js'),
    ])
  const opened = await openModel(path, flags)
  const note = weightsNote(flags, opened.weightsRun)
  if (note !== undefined) terminal.note(note)
  for (const warning of opened.warnings) terminal.note(warning)
  try {
    const { vocabulary, positions } = opened.model.config
    const isLetters = typeof flags.tokens === 'string'
    const tokens = typeof flags.tokens === 'string' ? tokensOf(flags.tokens, LETTERS, vocabulary) : flags.tokens
    const bad = tokens.find((token) => token >= vocabulary)
    if (bad !== undefined) throw new RangeError(`"tokens" expected integers below ${vocabulary}, got ${bad}`)
    const long = longPrompt(tokens.length, positions)
    if (long !== null) terminal.note(long)
    if (opened.ticket?.kind === 'pruned') terminal.note(literalNote(opened.ticket.metadata.construction.items))
    const ends = flags.stop ? endTokens(await opened.specialTokens()) : []
    const count = flags.count ?? Math.min(Math.max(1, positions - tokens.length + 1), DEFAULT_COUNT)
    const continuation: number[] = []
    const request = { count, temperature: 0, word: () => 0, endTokens: ends }
    for await (const token of generateTokens(opened.decoder, tokens, request)) continuation.push(token)
    terminal.print(isLetters ? continuation.map((token) => LETTERS[token]).join('') : continuation.join(','))
    const beyond = countBeyond(tokens.length, continuation.length, positions)
    if (beyond > 0) terminal.note(beyondContext(beyond, continuation.length, positions))
    const stopped = ends.includes(continuation[continuation.length - 1])
    const facts = { stopped, beyondContext: beyond, weights: opened.weightsRun, warnings: opened.warnings }
    terminal.result({ ticket: path, tokens, continuation, ...facts })
  } finally {
    await opened.close()
  }
}

/** @throws RangeError for a letter that stands for no token of the model */
function tokensOf(text: string, letters: string, vocabulary: number): number[] {
  const last = letters[vocabulary - 1]
  if (last === undefined) {
    throw new RangeError(`"tokens" expected numbers for a vocabulary of ${vocabulary}, got letters`)
  }
  return Array.from(text, (letter) => {
    const token = letters.indexOf(letter)
    if (token >= 0 && token < vocabulary) return token
    throw new RangeError(`"tokens" expected capital letters from A to ${last}, got ${letter}`)
  })
}
