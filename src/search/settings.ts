import { checkSortTask, type SortTask, sortContext } from '../data/sort-task.js'
import type { Tokenizer } from '../data/tokenizer.js'
import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import { type Arithmetic, arithmetics, checkArithmetic } from '../families/loss-graph.js'
import { type Norms, normKinds } from '../families/parameter.js'
import { attentionSpecs } from '../families/tape.js'
import { adamwFactors } from '../kernels/adamw.js'
import { selections } from '../kernels/ticket-step.js'
import { GENERATION_LIMIT } from '../ticket/searched.js'
import {
  type BaseNetwork,
  type BaseReference,
  baseOfRun,
  checkReference,
  chooseOn,
  GIVEN,
  sizesOf,
} from './base-network.js'
import { type InitialisationScheme, initialisationSchemes } from './initialisation.js'
import { checkMethod } from './method-checks.js'
import { algorithms, chooseMethod, type MethodChoice, type MethodSettings, methodNames } from './method-settings.js'
import {
  checkNamedModels,
  chooseNamedModels,
  type NamedModelChoice,
  type NamedModelSettings,
} from './model-settings.js'
import { chooseModel, type SearchFamily } from './models.js'
import { type DefaultedChoice, filledNames, withDefaults } from './presets.js'
import { type Schedule, schedules } from './schedule.js'
import { checkFloat32, checkIntegerSums, checkKeep } from './start-checks.js'

export { algorithms, arithmetics }

/** Everything that determines the result of a run, but for the corpus and the machine. Plain JSON. */
export interface SearchSettings extends Schedule, MethodSettings, NamedModelSettings {
  /** `search` finds a mask on random weights; `train` trains the weights themselves, the dense baseline. */
  readonly kind: 'search' | 'train'
  readonly norms: Norms
  readonly tokenizer: Tokenizer['name']
  /** What is learned instead of a text; absent for texts. */
  readonly task?: SortTask
  readonly initialisation: InitialisationScheme | typeof GIVEN
  /** The random network of a ticket, which is searched; absent for a network of the run's own. */
  readonly on?: BaseReference
  /** Of signed constants: their magnitudes are rounded to fp16. Absent elsewhere, and in runs that began before they were. */
  readonly magnitudes?: 'float16'
  /** What the linear maps of a step are computed in. Absent: float32. */
  readonly arithmetic?: 'int8'
  /** Factor of the query and key matrices, > 0. */
  readonly qkScale: number
  /** IteRand: steps between redrawings of pruned weights, an integer >= 1; 0 elsewhere. */
  readonly redrawEvery: number
  /** IteRand: fraction of the pruned weights that is redrawn, 0 < rate <= 1; 0 elsewhere. */
  readonly redrawRate: number
  /** Windows of `config.positions` tokens in a step, an integer >= 1. */
  readonly batch: number
  /** Windows of one run of the graph, a divisor of the batch; gradients of several runs are averaged. */
  readonly microBatch: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Largest norm of all gradients together, see src/search/clip.ts. Absent: they are not clipped. */
  readonly clip?: number
  /** Factor of the range that scores start in, > 0. Absent: 1. */
  readonly scoreScale?: number
  /** Unsigned 64-bit integers in decimal: of weights and scores, and of the batches. */
  readonly seed: string
  readonly dataSeed: string
}

/** What a user may ask for; what is absent has a default, in src/search/presets.ts. */
export interface SettingsChoice extends DefaultedChoice, MethodChoice, NamedModelChoice {
  readonly task?: SortTask | undefined
  /** The random network of a ticket. Whatever else describes a network is then the ticket's. */
  readonly on?: BaseNetwork | undefined
  /** Of signed constants: whether magnitudes are rounded to fp16, or `exact` as in old runs. Default: rounded. */
  readonly magnitudes?: 'float16' | 'exact' | undefined
  /** What the linear maps of a step are computed in; default: float32. */
  readonly arithmetic?: Arithmetic | undefined
  /** A number > 0, or `auto`: D^(1/4) for heads of width D, the paper's n_K^(1/4). */
  readonly qkScale?: number | 'auto' | undefined
  readonly redrawEvery?: number | undefined
  readonly redrawRate?: number | undefined
  readonly seed?: bigint | undefined
  readonly dataSeed?: bigint | undefined
}

/** IteRand's defaults: Chijiwa et al. 2021 redraw a tenth of the pruned weights every 300 steps or so. */
const REDRAW = { every: 300, rate: 0.1 }

/**
 * Settings with every default filled in, checked. Of fan-in scaled weights q.k/sqrt(d/H) has a standard deviation near 1 already, so
 * the query and key matrices are scaled by 1 unless told otherwise; in searches under `gpt2` by (d / H)^(1/4), as in the paper.
 * @throws RangeError or TypeError naming the setting
 */
export function chooseSettings(choice: SettingsChoice, tokenizer: VocabularySize): SearchSettings {
  const settings = fillSettings(choice, tokenizer)
  checkKeep(settings)
  checkSettings(settings)
  checkFloat32(settings)
  if (settings.arithmetic === 'int8') checkIntegerSums(settings)
  return settings
}

/** What settings depend on of a tokenizer. */
type VocabularySize = Pick<Tokenizer, 'name' | 'vocabulary'>

/** The configuration that settings are of. @throws RangeError as {@link chooseSettings} does */
export const chooseConfig = (choice: Omit<SettingsChoice, 'kind'>, { vocabulary }: VocabularySize): BaseConfig =>
  chooseModel(choice.task ? { ...choice, context: choice.context ?? sortContext(choice.task) } : choice, vocabulary)

/** Settings with every default filled in. */
function fillSettings(asked: SettingsChoice, tokenizer: VocabularySize): SearchSettings {
  const { on } = asked
  const choice = withDefaults(on ? chooseOn(asked, on, tokenizer) : asked)
  const {
    kind,
    task,
    arithmetic = 'float32',
    algorithm: chosen,
    initialisation,
    steps,
    batch,
    clip,
    scoreScale,
  } = choice
  checkArithmetic(arithmetic)
  const isSearch = kind === 'search'
  const config = on?.config ?? chooseConfig(choice, tokenizer)
  const algorithm = isSearch ? chosen : 'dense'
  const isMasked = isSearch && algorithm !== 'levels' // learned values start as those of a training do
  const qkScale = choice.qkScale ?? (isMasked && initialisation === 'gpt2' ? 'auto' : 1)
  const isIterand = algorithm === 'iterand'
  const seed = choice.seed ?? 0n
  return {
    kind,
    config,
    norms: choice.norms,
    tokenizer: tokenizer.name,
    ...(task ? { task } : {}),
    ...chooseMethod(choice, algorithm),
    initialisation,
    ...(on ? { on: { network: on.network, matrices: on.matrices } } : {}),
    ...(isMasked && !on && initialisation === 'signed-constant' && choice.magnitudes !== 'exact'
      ? { magnitudes: 'float16' as const }
      : {}),
    ...(arithmetic === 'int8' ? { arithmetic } : {}),
    qkScale: qkScale === 'auto' ? attentionSpecs(config)[0].headWidth ** 0.25 : qkScale,
    redrawEvery: isIterand ? (choice.redrawEvery ?? Math.max(REDRAW.every, Math.ceil(steps / GENERATION_LIMIT))) : 0,
    redrawRate: isIterand ? (choice.redrawRate ?? REDRAW.rate) : 0,
    steps,
    batch,
    microBatch: choice.microBatch,
    schedule: choice.schedule,
    learningRate: choice.learningRate,
    finalLearningRate: choice.finalLearningRate,
    warmUp: choice.warmUp,
    beta1: choice.beta1,
    beta2: choice.beta2,
    epsilon: choice.epsilon,
    weightDecay: choice.weightDecay,
    ...(clip === 'none' ? {} : { clip }),
    ...(isSearch && scoreScale !== 1 ? { scoreScale } : {}),
    ...chooseNamedModels(choice),
    seed: String(seed),
    dataSeed: String(choice.dataSeed ?? seed),
  }
}

/**
 * What is asked for of a run that goes on: what is given, and for the rest the run's settings. With a model's name the
 * sizes are that model's, so that another model than the run's is seen to differ. What a new run may not begin with is
 * accepted: an old one may have.
 * @throws RangeError or TypeError naming the setting, for a width as a factor without a model too
 */
export function resumedSettings(
  settings: SearchSettings,
  given: Partial<SettingsChoice>,
  tokenizer: VocabularySize,
): SearchSettings {
  const asked = fillSettings(resumedChoice(settings, given), tokenizer)
  checkSettings(asked)
  return asked
}

function resumedChoice(settings: SearchSettings, given: Partial<SettingsChoice>): SettingsChoice {
  const { config, tokenizer: _, algorithm, magnitudes = 'exact', seed, dataSeed, on: __, ...others } = settings
  const { clip = 'none', scoreScale = 1 } = settings // what is absent is not left to defaults, which may be others
  const own = { ...others, ...(algorithm === 'dense' ? {} : { algorithm }), clip, scoreScale }
  // A preset stands for all that it fills, whether the run has it or not, and another algorithm for what is its own.
  const isOther = (given.algorithm ?? algorithm) !== algorithm
  const isNew = (name: string) =>
    (given.preset !== undefined && filledNames.includes(name)) ||
    (isOther && (methodNames as readonly string[]).includes(name))
  const same = Object.fromEntries(Object.entries(own).filter(([name]) => !isNew(name)))
  const { model, width, family = familyOf(config).name as SearchFamily } = given
  if (model === undefined && width?.startsWith('x')) {
    throw new RangeError(`"width" expected a number, or --model beside it, where a run goes on, got ${width}`)
  }
  return {
    kind: settings.kind,
    ...same,
    ...(model !== undefined ? { model } : family === familyOf(config).name ? sizesOf(config) : { family }),
    magnitudes,
    seed: BigInt(seed),
    dataSeed: BigInt(dataSeed),
    on: baseOfRun(settings),
    ...(given.task ? { context: undefined } : {}), // follows from the task
    ...given,
  }
}

/**
 * Checks what any run may have, an old one too; src/search/start-checks.ts asks more of a new one.
 * @throws RangeError naming the setting, its value and what was expected
 */
export function checkSettings(settings: SearchSettings): void {
  const { config, steps, warmUp, learningRate, finalLearningRate, task } = settings
  if (task) checkTask(task, config)
  fraction('keep', settings.keep)
  if (settings.on !== undefined) checkReference(settings.on, config)
  oneOf('initialisation', settings.initialisation, [...initialisationSchemes, ...(settings.on ? [GIVEN] : [])])
  oneOf('selection', settings.selection, selections)
  oneOf('algorithm', settings.algorithm, [...algorithms, 'dense'])
  checkMethod(settings)
  oneOf('schedule', settings.schedule, schedules)
  oneOf('norms', settings.norms, normKinds)
  if (settings.arithmetic !== undefined) oneOf('arithmetic', settings.arithmetic, ['int8'])
  if (settings.magnitudes !== undefined) oneOf('magnitudes', settings.magnitudes, ['float16'])
  above('qk-scale', settings.qkScale, 0)
  if (settings.algorithm === 'iterand') {
    integer('redraw-every', settings.redrawEvery, Math.max(1, Math.ceil(steps / GENERATION_LIMIT)))
    fraction('redraw-rate', settings.redrawRate)
  }
  integer('context', config.positions, 2)
  integer('steps', steps, 1)
  integer('batch', settings.batch, 1)
  integer('micro-batch', settings.microBatch, 1)
  if (settings.batch % settings.microBatch !== 0) {
    throw new RangeError(`"micro-batch" expected a divisor of the batch ${settings.batch}, got ${settings.microBatch}`)
  }
  integer('warm-up', warmUp, 0)
  if (warmUp >= steps) throw new RangeError(`"warm-up" expected fewer than the ${steps} steps, got ${warmUp}`)
  above('lr', learningRate, 0)
  if (!(finalLearningRate >= 0 && finalLearningRate <= learningRate)) {
    throw new RangeError(`"final-lr" expected 0 <= rate <= ${learningRate}, got ${finalLearningRate}`)
  }
  if (!(settings.weightDecay >= 0 && settings.weightDecay < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"weight-decay" expected a finite number >= 0, got ${settings.weightDecay}`)
  }
  if (settings.clip !== undefined) above('clip', settings.clip, 0)
  if (settings.scoreScale !== undefined) above('score-scale', settings.scoreScale, 0)
  checkNamedModels(settings)
  adamwFactors({ ...settings, step: 1 }) // checks betas and epsilon, which are rounded to float32
}

/** A model of a task reads its windows and its letters, no more and no less. */
function checkTask(task: SortTask, config: BaseConfig): void {
  checkSortTask(task)
  const { positions, vocabulary } = config
  const { task: does, title } = familyOf(config)
  if (does !== 'causal') throw new RangeError(`"task" expected a family that predicts the next token, got ${title}`)
  const context = sortContext(task)
  if (positions !== context) throw new RangeError(`"context" expected ${context} for the task, got ${positions}`)
  if (vocabulary !== task.letters) {
    throw new RangeError(`"vocabulary" expected the ${task.letters} letters of the task, got ${vocabulary}`)
  }
}

function fraction(name: string, value: number): void {
  if (!(value > 0 && value <= 1)) throw new RangeError(`"${name}" expected 0 < ${name} <= 1, got ${value}`)
}

function above(name: string, value: number, bound: number): void {
  if (!(value > bound && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"${name}" expected a finite number > ${bound}, got ${value}`)
  }
}

function integer(name: string, value: number, low: number): void {
  if (!Number.isSafeInteger(value) || value < low) {
    throw new RangeError(`"${name}" expected an integer >= ${low}, got ${value}`)
  }
}

function oneOf(name: string, value: string, words: readonly string[]): void {
  if (!words.includes(value)) throw new RangeError(`"${name}" expected ${words.join(', ')}, got ${value}`)
}
