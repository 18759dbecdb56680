import { type Command, Option } from 'commander'
import type { DeviceName } from '../engine/device.js'
import { beyondContext, longPrompt } from './context-notes.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createTerminal } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { integer, oneOf, seedOption } from './values.js'
import { activationsOption, type WeightsFlags, weightsNote, weightsOption } from './weights-option.js'

interface GenerateFlags extends MaskFlags, MemoryFlags, WeightsFlags {
  prompt: string
  count: number
  temperature: number
  topK?: number
  seed: bigint
  stop: boolean
  tokenizer?: string
  device: DeviceName
  json?: boolean
}

const help = `
Examples:
  slt generate story.slt.safetensors --prompt "Once upon a time"
  slt generate story.slt.safetensors --prompt "ROMEO:" --temperature 0.7 --top-k 40 --seed 3 --count 300
  slt generate story.slt.safetensors --prompt "To be" --temperature 0 --json

The text comes as it is made; Ctrl-C ends it. The same seed gives the same text. It ends at the model's end token, as
transformers ends it: the eos_token_id of a folder's generation_config.json or config.json, or <|endoftext|> of GPT-2's
tokens. Bytes and letters have none. In a prompt <|endoftext|> is that token too. When the context is full, the model
goes on from the last half of it; of a longer prompt it reads what fits, from the end.`

/** Adds `slt generate`. */
export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('continue a text with a model that predicts the next token: a GPT-2 or a Llama')
    .argument('<ticket>', 'a ticket, a file of slt train, a Hugging Face folder, or a GGUF file')
    .option('--prompt <text>', 'text to continue (default: a new document)', '')
    .option('--count <n>', 'most tokens to add', integer('count', 1, 1_000_000_000), 128)
    .option('--temperature <t>', 'how freely tokens are drawn; 0 takes the likeliest', readTemperature, 0.8)
    .option('--top-k <k>', 'draw from the k likeliest tokens only (default: all)', integer('top-k', 1))
    .addOption(seedOption('seed of the draws', 0n))
    .option('--no-stop', 'go on after the end token')
    .addOption(tokenizerOption())
    .addOption(
      new Option('--device <d>', 'cpu, webgpu, cuda, auto; one token at a time hardly fills a GPU')
        .argParser(oneOf('device', ['cpu', 'webgpu', 'cuda', 'auto'] as const satisfies readonly DeviceName[]))
        .default('cpu'),
    )
    .addOption(weightsOption())
    .addOption(activationsOption())
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(runGenerate)
}

async function runGenerate(path: string, flags: GenerateFlags, command: Command): Promise<void> {
  const terminal = createTerminal(flags)
  const [
    { openModel },
    { openGraphRunner },
    { continueText, endTokensOf, loadModelTokenizer, paddingNotes, promptTokens },
    ...rest
  ] = await Promise.all([
    import('../jobs/open-model.js'),
    import('../engine/device.js'),
    import('../jobs/searched-text.js'),
    import('../families/generate.js'),
    import('../jobs/literal-note.js'),
  ])
  const [{ countBeyond }, { literalNote }] = rest
  const { prompt, count, temperature, topK, seed } = flags
  const { runner } = await openGraphRunner({ device: flags.device })
  const opened = await openModel(path, { ...flags, runner })
  const weightsLine = weightsNote(flags, opened.weightsRun)
  if (weightsLine !== undefined) terminal.note(weightsLine)
  for (const warning of opened.warnings) terminal.note(warning)
  const tokens: number[] = []
  let text = ''
  try {
    const tokenizer = await loadModelTokenizer(opened, flags.tokenizer)
    for (const note of paddingNotes(path, tokenizer)) terminal.note(note)
    const ends = flags.stop ? await endTokensOf(opened, tokenizer, flags.tokenizer) : []
    const { positions } = opened.config
    const { length } = promptTokens(tokenizer, prompt)
    const long = longPrompt(length, positions)
    if (long !== null) terminal.note(long)
    if (opened.ticket?.kind === 'pruned') terminal.note(literalNote(opened.ticket.metadata.construction.items))
    const write = (part: string) => {
      if (!terminal.json) process.stdout.write(process.stdout.isTTY ? harmless(part) : part)
    }
    try {
      await interruptible(async (signal) => {
        write(prompt)
        const request = { prompt, count, temperature, topK, seed, signal, endTokens: ends }
        const pieces = continueText(opened, tokenizer, request)
        for await (const piece of pieces) {
          if (piece.token !== null) tokens.push(piece.token)
          text += piece.text
          write(piece.text)
        }
      })
    } finally {
      if (tokens.length > 0) write('\n')
    }
    const beyond = countBeyond(length, tokens.length, positions)
    // The default is no wish for so many tokens: of it nothing is said.
    if (beyond > 0 && command.getOptionValueSource('count') === 'cli') {
      terminal.note(beyondContext(beyond, tokens.length, positions))
    }
    const stopped = ends.includes(tokens[tokens.length - 1])
    const { warnings, weightsRun: weights } = opened
    const facts = { temperature, topK: topK ?? null, seed, stopped, beyondContext: beyond, weights, warnings }
    terminal.result({ ticket: path, prompt, text, tokens, ...facts })
  } finally {
    await opened.close()
  }
}

/** What a random network says may hold anything: a terminal obeys none of it. */
function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')
}

function readTemperature(text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) {
    throw new RangeError(`"temperature" expected a number >= 0, got ${text === '' ? 'nothing' : JSON.stringify(text)}`)
  }
  return value
}
