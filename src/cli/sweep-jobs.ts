/** Turns the runs of a sweep into jobs: their options are read as the commands themselves read them. */
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { Corpus } from '../data/index.js'
import { isTokenizerName } from '../data/tokenizer.js'
import type { Job, JobInput } from '../queue/job.js'
import type { Store } from '../queue/store.js'
import { labelOf, type OptionTexts, type SweepPlan, type SweepRun } from '../queue/sweep.js'
import {
  addMaskOptions,
  addModelOptions,
  addRunOptions,
  addTaskOptions,
  type ModelFlags,
  type RunFlags,
  settingsOf,
} from './search-options.js'
import { integer, oneOf, readScale, readSeed } from './values.js'

/** Where jobs are going to be run. */
export interface SweepPlace {
  readonly store: Store
  /** Threads of a job; results depend on them. */
  readonly threads: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
  readonly signal: AbortSignal
  onNote(line: string): void
}

/** A job for each run, in their order. @throws RangeError naming the run and the option; InputError for a file */
export async function sweepJobs(plan: SweepPlan, runs: readonly SweepRun[], place: SweepPlace): Promise<Job[]> {
  const make = await maker(plan, place)
  const jobs: Job[] = []
  for (const run of runs) {
    place.signal.throwIfAborted()
    try {
      jobs.push(await make(run.options, labelOf(run) || plan.command))
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError) {
        throw new RangeError(`${labelOf(run) || plan.command}: ${error.message}`, { cause: error })
      }
      throw error
    }
  }
  return jobs
}

type Make = (options: OptionTexts, label: string) => Promise<Job>

async function maker({ command }: SweepPlan, place: SweepPlace): Promise<Make> {
  if (command === 'prune') return pruneMaker(place)
  if (command === 'eval') return evalMaker(place)
  return searchMaker(command, place)
}

/** Options of searches that are the sweep's, not a run's. */
const RUN_ONLY = [
  'out',
  'run',
  'resume',
  'force',
  'json',
  'sample-every',
  'valid-windows',
  'checkpoint-every',
  'coding',
  'device',
  'threads',
]

async function searchMaker(kind: 'search' | 'train', place: SweepPlace): Promise<Make> {
  const [{ createSearchJob }, { openCorpus }, { sortCorpus }, { chooseSettings }, { createLetterTokenizer }] =
    await Promise.all([
      import('../queue/search-job.js'),
      import('../files/corpus-files.js'),
      import('../files/sort-corpus.js'),
      import('../search/settings.js'),
      import('../data/index.js'),
    ])
  const inputs = inputsOf(place)
  const corpora = new Map<string, Promise<Corpus>>()
  return async (options, label) => {
    const given = RUN_ONLY.find((name) => options[name] !== undefined)
    if (given !== undefined) throw new RangeError(`"${given}" is no option of a run in a sweep`)
    const command = new Command(kind)
    const all = addRunOptions(addModelOptions(addTaskOptions(command, ['text', 'sort'])), 'safetensors')
    const flags = parse<ModelFlags & RunFlags>(kind === 'search' ? addMaskOptions(all) : all, options)
    const { data, valid, tokenizer = 'bytes', raw = false, validateEvery = 0 } = flags
    const choice = { ...settingsOf(flags), kind }
    const shared = { label, choice, raw, threads: place.threads, device: place.device, validateEvery }
    if (choice.task) {
      if (data !== undefined) throw new RangeError('"data" expected nothing beside a task')
      const letters = createLetterTokenizer(choice.task.letters)
      const corpus = sortCorpus(choice.task, BigInt(chooseSettings(choice, letters).dataSeed))
      return createSearchJob({ ...shared, corpus, inputs: {} })
    }
    if (data === undefined) throw new RangeError('"data" expected a file or folder of text among the options')
    if (!isTokenizerName(tokenizer)) {
      throw new RangeError(
        `"tokenizer" expected bytes or gpt2 in a sweep: a worker has no folder of one, got ${tokenizer}`,
      )
    }
    const key = JSON.stringify([data, valid, tokenizer, raw])
    if (!corpora.has(key)) {
      const reading = openCorpus({ data, valid, tokenizer, raw, signal: place.signal })
      corpora.set(key, reading)
      for (const warning of (await reading).warnings) place.onNote(warning)
    }
    const corpus = await corpora.get(key)!
    const texts = { data: await inputs(data), ...(valid !== undefined && { valid: await inputs(valid) }) }
    return createSearchJob({ ...shared, corpus, inputs: texts })
  }
}

async function pruneMaker(place: SweepPlace): Promise<Make> {
  const { createPruneJob } = await import('../queue/prune-job.js')
  const inputs = inputsOf(place)
  return async (options, label) => {
    const { folder, ...others } = options
    if (folder === undefined) throw new RangeError('"folder" expected a Hugging Face folder among the options')
    const command = new Command('prune')
      .option('--items <n>', '', integer('items', 1, 256), 16)
      .option('--embedding-items <n>', '', integer('embedding-items', 1, 256))
      .option('--attention <a>', '', oneOf('attention', ['merged', 'factored', 'rotary']))
      .option('--dense <d>', '', oneOf('dense', ['none', 'embeddings']))
      .option('--scale <s>', '', readScale)
      .option('--method <m>', '', oneOf('method', ['balanced', 'plain']))
      .option('--seed <n>', '', readSeed, 0n)
    const { seed, ...settings } = parse<{ items: number; seed: bigint }>(command, others)
    const input = await inputs(folder)
    const bytes = Object.entries(input.files).reduce(
      (sum, [name, file]) => sum + (name.endsWith('.safetensors') ? file.bytes : 0),
      0,
    )
    return createPruneJob({
      label,
      settings: { ...settings, seed: String(seed) },
      folder: input,
      bytes,
      threads: place.threads,
    })
  }
}

async function evalMaker(place: SweepPlace): Promise<Make> {
  const [{ createEvalJob }, { textParts }] = await Promise.all([
    import('../queue/eval-job.js'),
    import('../jobs/searched-eval.js'),
  ])
  const inputs = inputsOf(place)
  return async (options, label) => {
    const { ticket, data, ...others } = options
    for (const [name, value] of Object.entries({ ticket, data })) {
      if (value === undefined) throw new RangeError(`"${name}" expected a path among the options`)
    }
    const command = new Command('eval')
      .option('--part <p>', '', oneOf('part', textParts))
      .option('--tokenizer <t>', '')
      .option('--raw', '')
      .option('--windows <n>', '', integer('windows', 1))
      .option('--batch <n>', '', integer('batch', 1))
    const settings = parse<Record<string, never>>(command, others)
    const [model, text] = [await inputs(ticket), await inputs(data)]
    // A ticket holds about a bit for a weight of four bytes.
    const bytes = Object.values(model.files).reduce((sum, file) => sum + file.bytes, 0) * (model.isFolder ? 2 : 32)
    const { threads, device } = place
    return createEvalJob({ label, settings, ticket: model, data: text, bytes, threads, device })
  }
}

/** Puts each path into the store once. */
function inputsOf({ store }: SweepPlace): (path: string) => Promise<JobInput> {
  const known = new Map<string, Promise<JobInput>>()
  return async (path) => {
    const { storeInput } = await import('../queue/inputs.js')
    const key = resolve(path)
    if (!known.has(key)) known.set(key, storeInput(store, path))
    return known.get(key)!
  }
}

/** Reads options as the command line would. @throws RangeError in one line for one that is unknown or wrong */
function parse<Flags extends object>(command: Command, options: OptionTexts): Flags {
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === '' ? [`--${name}`] : [`--${name}`, value],
  )
  command
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .allowExcessArguments(false)
  try {
    return command.parse(words, { from: 'user' }).opts<Flags>()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw new RangeError(error.message.replace(/^error: /, ''), { cause: error })
  }
}
