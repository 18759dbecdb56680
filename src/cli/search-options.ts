import { type Command, Option } from 'commander'
import type { SortTask } from '../data/index.js'
import type { DeviceName } from '../engine/device.js'
import type { Activation } from '../families/config.js'
import { families } from '../families/family.js'
import type { Arithmetic } from '../families/loss-graph.js'
import { normKinds } from '../families/parameter.js'
import { initialisationSchemes } from '../search/initialisation.js'
import { modelsOf, type SearchFamily, type SearchModel, searchFamilies, searchModels } from '../search/models.js'
import { schedules } from '../search/schedule.js'
import { arithmetics, type SettingsChoice } from '../search/settings.js'
import type { MaskCoding } from '../ticket/index.js'
import { deviceOption } from './device-option.js'
import { embeddingsOf, type MaskFlags } from './mask-options.js'
import { rawOption } from './raw-option.js'
import { integer, number, oneOf, positive, readSeed } from './values.js'

/** Options of `slt search` and `slt train` that settings are made of. Absent ones are not given: defaults come later. */
export interface ModelFlags extends MaskFlags {
  family?: SearchFamily
  model?: SearchModel
  layers?: number
  width?: string
  heads?: number
  keyHeads?: number
  context?: number
  inner?: number
  activation?: SettingsChoice['activation']
  norms?: SettingsChoice['norms']
  untied?: boolean
  init?: SettingsChoice['initialisation']
  qkScale?: SettingsChoice['qkScale']
  steps?: number
  batch?: number
  microBatch?: number
  arithmetic?: Arithmetic | 'auto'
  lr?: number
  finalLr?: number
  schedule?: SettingsChoice['schedule']
  warmUp?: number
  beta1?: number
  beta2?: number
  epsilon?: number
  weightDecay?: number
  seed?: bigint
  dataSeed?: bigint
  task?: 'text' | 'sort' | 'angular-velocity' | undefined
  letters?: number
  length?: number
}

/** Options of how a run is run: its result does not depend on them. */
export interface RunFlags {
  on?: string
  into?: string
  mask?: string
  data?: string
  valid?: string
  tokenizer?: string
  raw?: boolean
  out?: string
  coding?: MaskCoding
  run?: string
  resume?: string
  force?: boolean
  validateEvery?: number
  validWindows?: number
  sampleEvery?: number
  checkpointEvery?: number
  device?: DeviceName
  threads?: number
  json?: boolean
}

/** The activations of any family. */
const activations = [
  ...new Set(
    families().flatMap(({ fields }) =>
      fields.flatMap((field) => (field.name === 'activation' && field.kind === 'word' ? field.words : [])),
    ),
  ),
] as Activation[]

/** The corpus and the model. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--data <path>', 'text to learn from: a file, a folder of .txt and .txt.gz files, or a tokenised file')
    .option('--valid <path>', 'text to validate on (default: the last tenth of the data)')
    .option(
      '--tokenizer <t>',
      'bytes, gpt2, which reads <|endoftext|> as one token, or a folder with a tokenizer.json (default: bytes)',
    )
    .addOption(rawOption())
    .option(
      '--family <f>',
      `${searchFamilies.join(', ')} (default: gpt2); bert learns hidden tokens: 15 % of a window`,
      oneOf('family', searchFamilies),
    )
    .option(
      '--model <name>',
      `${Object.keys(searchModels).join(', ')} (default: ${searchFamilies.map((family) => modelsOf(family)[0]).join(', ')})`,
      oneOf('model', Object.keys(searchModels) as SearchModel[]),
    )
    .option('--width <w>', 'x0.5, x2 (heads and feed-forward width follow) or a number')
    .option('--layers <n>', 'blocks', integer('layers', 1, 10_000))
    .option('--heads <n>', 'attention heads', integer('heads', 1))
    .option('--key-heads <n>', 'llama: key and value heads (default: half the heads)', integer('key-heads', 1))
    .option('--context <n>', 'tokens in a window', integer('context', 1))
    .option(
      '--inner <n>',
      'feed-forward width (default: 4 times the width, in a llama 3 1/16 times)',
      integer('inner', 1),
    )
    .option('--activation <a>', activations.join(', '), oneOf('activation', activations))
    .option(
      '--norms <n>',
      'plain, learned (gains and shifts) or gains (alone; a ticket stores them in fp16). They move at a tenth of --lr in a search',
      oneOf('norms', normKinds),
    )
    .option('--untied', 'an output head of its own')
    .option('--init <scheme>', initialisationSchemes.join(', '), oneOf('init', initialisationSchemes))
    .option(
      '--qk-scale <s>',
      'factor of the query and key weights: a number, or auto = (width / heads)^(1/4)',
      readQkScale,
    )
}

/** What is learned: a text, or one of some tasks. */
export function addTaskOptions(command: Command, tasks: readonly string[]): Command {
  return command
    .option('--task <t>', `${tasks.join(', ')} (default: text)`, oneOf('task', tasks))
    .option('--letters <n>', 'sort: letters of the alphabet (default: 3)', integer('letters', 2, 26))
    .option('--length <n>', 'sort: letters of a list (default: 6)', integer('length', 2, 32))
}

/** Optimizer, schedule, seeds; then the run itself. */
export function addRunOptions(command: Command, extension: string): Command {
  return command
    .option('--steps <n>', 'steps (default: 2000)', integer('steps', 1))
    .option('--batch <n>', 'windows a step', integer('batch', 1))
    .option('--micro-batch <n>', 'windows of one run of the graph (default: the batch)', integer('micro-batch', 1))
    .option(
      '--arithmetic <a>',
      'linear maps in float32 (default), in int8 (forward and backward, where the CPU has units for it), or auto: the faster one here',
      oneOf('arithmetic', [...arithmetics, 'auto']),
    )
    .option('--lr <x>', 'highest learning rate', positive('lr'))
    .option('--final-lr <x>', 'last learning rate (default: a tenth)', number('final-lr'))
    .option('--schedule <s>', `${schedules.join(', ')} (default: cosine)`, oneOf('schedule', schedules))
    .option('--warm-up <n>', 'steps of linear warm-up (default: a twentieth, at most 100)', integer('warm-up', 0))
    .option('--beta1 <x>', 'AdamW: decay of the first moment (default: 0.9)', number('beta1'))
    .option('--beta2 <x>', 'AdamW: decay of the second moment (default: 0.999)', number('beta2'))
    .option('--epsilon <x>', 'AdamW: added to the denominator (default: 1e-8)', positive('epsilon'))
    .option('--weight-decay <x>', 'AdamW: decoupled decay (default: 0.01)', number('weight-decay'))
    .addOption(new Option('--seed <n>', 'seed of weights, scores and batches (default: 0)').argParser(readSeed))
    .addOption(new Option('--data-seed <n>', 'another seed for the batches').argParser(readSeed))
    .option('--validate-every <n>', 'steps; 0 is never (default: 100)', integer('validate-every', 0))
    .option(
      '--valid-windows <n>',
      'windows of a validation during the run, exactly so many where the text has them (default: 32)',
      integer('valid-windows', 1),
    )
    .option('--sample-every <n>', 'steps between texts; 0 is never (default: 500)', integer('sample-every', 0))
    .option(
      '--checkpoint-every <n>',
      'steps; 0 is only at the end and when interrupted (default: every minute, for large models less often)',
      integer('checkpoint-every', 0),
    )
    .addOption(deviceOption())
    .option('--threads <n>', 'threads of an operator', integer('threads', 1, 1024))
    .option('--out <file>', `where the result goes (default: <data>.${extension})`)
    .option('--run <folder>', 'checkpoints, metrics and texts (default: <out>.run)')
    .option('--resume <folder>', 'go on with an interrupted run')
    .option('--force', 'start anew where there is a run already, and replace the file that is there')
    .option('--json', 'print one JSON object')
}

/** The settings that were given, under their own names. What the machine is to choose is not among them. */
export function settingsOf(flags: ModelFlags): Partial<SettingsChoice> {
  const { init: initialisation, lr: learningRate, finalLr: finalLearningRate, arithmetic: asked, ...same } = flags
  const arithmetic = asked === 'auto' ? undefined : asked
  const own = {
    initialisation,
    learningRate,
    finalLearningRate,
    arithmetic,
    task: taskOf(flags),
    densities: flags.density,
    embeddings: embeddingsOf(flags),
  }
  const given = { ...pick(same, settingNames), ...own }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** @throws RangeError for letters or a length without the task */
function taskOf({ task, letters, length }: ModelFlags): SortTask | undefined {
  if (task === 'sort') return { name: 'sort', letters: letters ?? 3, length: length ?? 6 }
  for (const [name, value] of Object.entries({ letters, length })) {
    if (value !== undefined) throw new RangeError(`"${name}" expected --task sort beside it, got ${value}`)
  }
  return undefined
}

const settingNames = [
  'family',
  'model',
  'layers',
  'width',
  'heads',
  'keyHeads',
  'context',
  'inner',
  'activation',
  'norms',
  'untied',
  'qkScale',
  'keep',
  'selection',
  'algorithm',
  'coats',
  'levels',
  'scales',
  'unusedRows',
  'redrawEvery',
  'redrawRate',
  'steps',
  'batch',
  'microBatch',
  'schedule',
  'warmUp',
  'beta1',
  'beta2',
  'epsilon',
  'weightDecay',
  'seed',
  'dataSeed',
] as const

function pick<T extends object, K extends keyof T>(value: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, value[name]])) as Pick<T, K>
}

function readQkScale(text: string): number | 'auto' {
  return text === 'auto' ? text : positive('qk-scale')(text)
}
