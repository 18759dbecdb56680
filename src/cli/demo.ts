import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { showLists } from './demo-lists.js'
import { showStory } from './demo-story.js'
import { BadUsage } from './failure.js'
import { prune } from './prune.js'
import { printReport } from './prune-report.js'
import { readTarget } from './target.js'
import { createTerminal } from './terminal.js'
import { integer, oneOf, seedOption } from './values.js'
import { printChecks, verify } from './verify.js'

interface DemoFlags {
  model: DemoModel
  attention?: 'factored' | 'rotary'
  items: number
  seed: bigint
  method: 'balanced' | 'plain'
  out?: string
  force?: boolean
  json?: boolean
}

/** The bundled models: a sorter of lists, and a storyteller. */
const models = {
  sorter: { folder: 'gpt-nano-sort', act: 'sorts', what: 'a trained GPT' },
  stories: { folder: 'stories260k', act: 'tells a story', what: 'a trained Llama' },
} as const
type DemoModel = keyof typeof models

const help = `
Examples:
  slt demo
  slt demo --items 12 --method plain --out plain.slt.safetensors
  slt demo --model stories

The sorter is a GPT that sorts lists of letters. The storyteller is a Llama of 260,032 weights: the pruned random network writes its story beside the
target's, each token its own likeliest.

Its own ticket of the same settings is replaced when it is given again; any other file needs --force, or another --out.`

/** Adds `slt demo`, which is what `npm start` runs. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'prune a bundled transformer, verify the ticket, and let the pruned random network sort lists or tell a story',
    )
    .option('--model <name>', 'sorter or stories', oneOf('model', ['sorter', 'stories']), 'sorter' as const)
    .option('--items <n>', "random products for one weight, n'", integer('items', 1, 256), 16)
    .addOption(seedOption('seed of all random weights', 7n))
    .option('--method <m>', 'balanced or plain', oneOf('method', ['balanced', 'plain']), 'balanced' as const)
    .option('--attention <how>', 'of stories: factored (default) or rotary', oneOf('attention', ['factored', 'rotary']))
    .option('--out <file>', 'where the ticket goes (default: <model>.slt.safetensors)')
    .option('--force', 'replace the file that is there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(demo)
}

async function demo(given: DemoFlags): Promise<void> {
  const { folder, act, what } = models[given.model]
  const flags = { ...given, out: given.out ?? `${given.model}.slt.safetensors` }
  if (flags.model === 'sorter' && flags.attention !== undefined) {
    throw new BadUsage('"attention" expected the model stories, whose positions are rotated')
  }
  const terminal = createTerminal(flags)
  const { bold, dim } = terminal.colour
  const path = fileURLToPath(new URL(`../../data/${folder}`, import.meta.url))
  const target = await readTarget(path)
  const { layers, width, heads } = target.config
  terminal.print(bold(`Pruning a random transformer until it ${act}`))
  terminal.print(
    dim(
      `target: ${what}, ${layers} layers, width ${width}, ${heads} heads; source: random weights of seed ${flags.seed}`,
    ),
  )
  terminal.print()
  const { isPruneOf } = await import('../jobs/prune.js')
  const options = { ...flags, scale: 'auto' as const, threads: availableParallelism(), inputs: [path] }
  const again = process.env.npm_lifecycle_event === 'start' ? 'npm start -- ' : '' // npm takes options before -- for its own
  const advice = `${again}--force replaces it, another --out keeps both`
  const report = await prune(target, { ...options, advice, isSame: (file) => isPruneOf(file, { ...options, target }) })
  printReport(terminal, report, flags.out)
  terminal.print()
  const { checks } = await verify(flags.out, { target })
  printChecks(terminal, checks)
  terminal.print()
  const shown = flags.model === 'sorter' ? await showLists(terminal, flags) : await showStory(terminal, flags.out, path)
  const passed = shown.passed && checks.every((check) => check.passed)
  terminal.result({ ...report, out: flags.out, checks, ...shown, passed })
  if (!passed) process.exitCode = 1
}
