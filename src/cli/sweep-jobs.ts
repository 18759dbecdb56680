/** Turns the runs of a sweep into jobs: their options are read as the commands themselves read them. */
import { Command, CommanderError } from 'commander'
import type { Corpus, CorpusPart, Tokenizer } from '../data/index.js'
import { isTokenizerName } from '../data/tokenizer.js'
import type { ModelTexts } from '../jobs/named-model.js'
import type { Job } from '../queue/job.js'
import type { SearchJobOptions } from '../queue/search-job.js'
import type { Store } from '../queue/store.js'
import { labelOf, OFF, type OptionTexts, type SweepPlan, type SweepRun } from '../queue/sweep.js'
import { addMaskOptions } from './mask-options.js'
import {
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
  /** Whether trained models are to be had at the end; tickets always are. */
  readonly models: boolean
  readonly signal: AbortSignal
  onNote(line: string): void
}

/** A job for each run, in their order. @throws RangeError naming the run and the option; InputError for a file */
export async function sweepJobs(plan: SweepPlan, runs: readonly SweepRun[], place: SweepPlace): Promise<Job[]> {
  const make = await maker(plan, place)
  const jobs: Job[] = []
  for (const run of runs) {
    place.signal.throwIfAborted()
    if (jobs.length % 50 === 0) await new Promise<void>((done) => setImmediate(done)) // a signal comes in between
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
  'into',
  'mask',
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
  const [
    { createSearchJob },
    { openCorpus },
    { openSearchTokenizer, tokenizerOn },
    { openBaseNetwork },
    { sortCorpus },
    { chooseConfig, chooseSettings },
    { createLetterTokenizer },
    { createJobModels },
    { choiceOfBytes },
  ] = await Promise.all([
    import('../queue/search-job.js'),
    import('../files/corpus-files.js'),
    import('../jobs/search-tokenizer.js'),
    import('../jobs/base-network.js'),
    import('../files/sort-corpus.js'),
    import('../search/settings.js'),
    import('../data/index.js'),
    import('../queue/job-models.js'),
    import('../search/budget.js'),
  ])
  const inputs = inputsOf(place)
  const models = createJobModels(place, inputs.model)
  /** A job with the models that it learns from among its inputs. */
  const createJob = async (options: SearchJobOptions, tokenizer: Tokenizer, paths: ModelTexts): Promise<Job> => {
    const student = { config: chooseConfig(options.choice, tokenizer), tokenizer }
    const { contents, inputs, bytes } = await models(paths, student)
    const choice = { ...options.choice, ...contents }
    return createSearchJob({ ...options, choice, inputs: { ...options.inputs, ...inputs }, modelBytes: bytes })
  }
  const tokenizers = remember((given: string) => given, openSearchTokenizer)
  const networks = remember((path: string) => path, openBaseNetwork)
  const corpora = new Map<string, Promise<Corpus>>()
  return async (options, label) => {
    const given = RUN_ONLY.find((name) => options[name] !== undefined)
    if (given !== undefined) throw new RangeError(`"${given}" is no option of a run in a sweep`)
    const command = new Command(kind)
    const all = addRunOptions(addModelOptions(addTaskOptions(command, ['text', 'sort'])), 'safetensors')
    const flags = parse<ModelFlags & RunFlags>(kind === 'search' ? addMaskOptions(all) : all, options)
    const on = flags.on === undefined ? undefined : await networks(flags.on)
    const choice = { ...settingsOf(flags), kind, ...(on && { on }) }
    const { data, valid, tokenizer = choice.task ? '' : tokenizerOn(on), raw = false, validateEvery = 0 } = flags
    if (flags.arithmetic === 'auto')
      throw new RangeError(
        '"arithmetic" expected int8 or float32 in a sweep, whose results do not depend on the machine that runs it, got auto',
      )
    const { threads, device, models } = place
    const shared = { label, choice, raw, threads, device, validateEvery, keepModel: models }
    const budgeted = (own: Tokenizer, { train }: Corpus) =>
      flags.bytes === undefined ? choice : choiceOfBytes(choice, flags.bytes, own, train)
    if (choice.task) {
      const beside = ['data', 'valid', 'tokenizer', 'raw'].find((name) => options[name] !== undefined)
      if (beside !== undefined)
        throw new RangeError(`"${beside}" expected nothing beside a task, which makes its own texts`)
      const letters = createLetterTokenizer(choice.task.letters)
      const { dataSeed } = chooseSettings({ ...choice, teacherWeight: undefined, temperature: undefined }, letters)
      const corpus = sortCorpus(choice.task, BigInt(dataSeed))
      return createJob({ ...shared, choice: budgeted(letters, corpus), corpus, inputs: {} }, letters, flags)
    }
    if (data === undefined) throw new RangeError('"data" expected a file or folder of text among the options')
    const { tokenizer: opened, sha256 } = await tokenizers(tokenizer)
    const key = JSON.stringify([data, valid, tokenizer, raw])
    if (!corpora.has(key)) {
      const reading = openCorpus({ data, valid, tokenizer: opened, raw, signal: place.signal })
      corpora.set(key, reading)
      for (const warning of (await reading).warnings) place.onNote(warning)
    }
    const corpus = await corpora.get(key)!
    const [train, validating] = corpus.parts
    const read = {
      data: await inputs.texts(train),
      ...(validating && { valid: await inputs.texts(validating) }),
      ...(sha256 !== undefined && { tokenizer: await inputs.tokenizer(tokenizer) }),
    }
    return createJob(
      { ...shared, choice: budgeted(opened, corpus), corpus, tokenizer: sha256, inputs: read },
      opened,
      flags,
    )
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
    const input = await inputs.model(folder)
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
  const [{ createEvalJob }, { textParts }, { openSearchTokenizer }] = await Promise.all([
    import('../queue/eval-job.js'),
    import('../jobs/searched-eval.js'),
    import('../jobs/search-tokenizer.js'),
  ])
  const inputs = inputsOf(place)
  return async (options, label) => {
    const { ticket, data, tokenizer, ...others } = options
    for (const [name, value] of Object.entries({ ticket, data })) {
      if (value === undefined) throw new RangeError(`"${name}" expected a path among the options`)
    }
    const command = new Command('eval')
      .option('--part <p>', '', oneOf('part', textParts))
      .option('--raw', '')
      .option('--windows <n>', '', integer('windows', 1))
      .option('--batch <n>', '', integer('batch', 1))
    const named = tokenizer !== undefined && isTokenizerName(tokenizer) ? { tokenizer } : {}
    const settings = { ...parse<Record<string, never>>(command, others), ...named }
    const isFolder = tokenizer !== undefined && !isTokenizerName(tokenizer)
    if (isFolder) await openSearchTokenizer(tokenizer) // refused before a run starts
    const own = isFolder ? { tokenizer: await inputs.tokenizer(tokenizer) } : {}
    const [model, text] = [await inputs.path(ticket), await inputs.path(data)]
    // A ticket holds about a bit for a weight of four bytes.
    const bytes = Object.values(model.files).reduce((sum, file) => sum + file.bytes, 0) * (model.isFolder ? 2 : 32)
    const { threads, device } = place
    return createEvalJob({ label, settings, ticket: model, data: text, ...own, bytes, threads, device })
  }
}

/** Puts each file or folder, and each folder's tokenizer, into the store once. */
function inputsOf({ store }: SweepPlace) {
  const load = () => import('../queue/inputs.js')
  return {
    path: remember(
      (path: string) => path,
      async (path) => (await load()).storeInput(store, path),
    ),
    /** Of a folder the texts alone. */
    texts: remember(
      ({ path }: CorpusPart) => path,
      async ({ path, files }) =>
        (await load()).storeInput(
          store,
          path,
          files.map(({ name }) => name),
        ),
    ),
    model: remember(
      (path: string) => path,
      async (path) => (await load()).storeInput(store, path, isOfModel),
    ),
    tokenizer: remember(
      (path: string) => path,
      async (folder) => (await load()).storeTokenizer(store, folder),
    ),
  }
}

/** Files of a Hugging Face folder that a pruning may read. */
const isOfModel = (path: string): boolean => /\.(json|safetensors)$/.test(path)

/** Does the same for the same path once. */
function remember<A, T>(pathOf: (asked: A) => string, work: (asked: A) => Promise<T>): (asked: A) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (asked) => {
    const path = pathOf(asked)
    const found = known.get(path) ?? work(asked)
    known.set(path, found)
    return found
  }
}

/** Reads options as the command line would. @throws RangeError in one line for one that is unknown or wrong */
function parse<Flags extends object>(command: Command, options: OptionTexts): Flags {
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === OFF ? [] : value === '' ? [`--${name}`] : [`--${name}`, value],
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
