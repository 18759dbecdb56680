/** What runs begin with unless told otherwise: a row for each model, one for searches and one for trainings; and presets, which take the place of a row. */
import type { Norms } from '../families/parameter.js'
import type { Selection } from '../kernels/ticket-step.js'
import type { GIVEN } from './base-network.js'
import type { InitialisationScheme } from './initialisation.js'
import { type AlgorithmName, methodNames } from './method-settings.js'
import { type ModelChoice, modelName, type SearchModel } from './models.js'
import type { ScheduleName } from './schedule.js'

/** One row. */
export interface RunDefaults {
  /** Of searches, as are `keep`, `selection` and `scoreScale`. */
  readonly algorithm: AlgorithmName
  readonly keep: number
  readonly selection: Selection
  readonly norms: Norms
  readonly initialisation: InitialisationScheme
  /** Factor of the range that scores start in. */
  readonly scoreScale: number
  /** Windows a step. */
  readonly batch: number
  /** Windows of one run of the graph, where the batch is the row's too. Absent: the batch. */
  readonly microBatch?: number
  readonly steps: number
  readonly schedule: ScheduleName
  readonly learningRate: number
  /** The highest learning rate over the last; Infinity for a last one of 0. */
  readonly rateOverLast: number
  /** All steps over those of the warm-up, which are rounded down; and at most how many those are. */
  readonly stepsOverWarmUp: number
  readonly warmUpMost: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Largest norm of all gradients together. */
  readonly clip: number | 'none'
}

/**
 * Masks of signed constants that anneal are the best plain ones known (docs/methods.md). Under GPT-2's N(0, 0.02) a narrow masked network cannot give confident
 * logits: it stalls at 4.2 nats on bytes at width 128. Dense training starts better from fan-in scaled weights too (1.617 nats against 1.646, docs/defaults.md).
 */
const search: Omit<RunDefaults, 'batch'> = {
  algorithm: 'annealed',
  keep: 0.3,
  selection: 'per-layer',
  norms: 'plain',
  initialisation: 'signed-constant',
  scoreScale: 1,
  steps: 2000,
  schedule: 'cosine',
  learningRate: 2e-3,
  rateOverLast: 10,
  stepsOverWarmUp: 20,
  warmUpMost: 100,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clip: 'none',
}

const train: Omit<RunDefaults, 'batch'> = { ...search, initialisation: 'fan-in', learningRate: 3e-3 }

type Rows = { readonly [Kind in 'search' | 'train']: RunDefaults }

const rows = (batch: number): Rows => ({ search: { ...search, batch }, train: { ...train, batch } })

const defaults: Readonly<Record<SearchModel, Rows>> = {
  micro: rows(16),
  tiny: rows(8),
  mini: rows(4),
  small: rows(4),
  medium: rows(4),
  'llama-micro': rows(16),
  'llama-tiny': rows(8),
  'bert-micro': rows(16),
  'bert-tiny': rows(8),
}

/**
 * `paper`: the language models of Otsuka et al. (arXiv 2511.04217), 50 epochs of 227 steps on WikiText-103, the first one of warm-up. With the initialisation
 * comes its QK scaling, n_K^(1/4). 512 windows a step are what 227 steps an epoch come to; the paper does not say. The decay is PyTorch's default.
 */
const paper: RunDefaults = {
  ...search,
  algorithm: 'edge-popup',
  initialisation: 'gpt2',
  batch: 512,
  microBatch: 4,
  steps: 50 * 227,
  learningRate: 1e-4,
  stepsOverWarmUp: 50,
  warmUpMost: 227,
}

const presets = { paper: { search: paper, train: paper } } satisfies Record<string, Rows>

export type PresetName = keyof typeof presets
export const presetNames = Object.keys(presets) as PresetName[]

/** The part of a choice that rows fill. */
export interface DefaultedChoice extends ModelChoice {
  readonly kind: 'search' | 'train'
  /** What takes the place of the model's row. */
  readonly preset?: PresetName | undefined
  readonly algorithm?: AlgorithmName | undefined
  readonly keep?: number | undefined
  readonly selection?: Selection | undefined
  readonly norms?: Norms | undefined
  readonly initialisation?: InitialisationScheme | typeof GIVEN | undefined
  readonly scoreScale?: number | undefined
  readonly batch?: number | undefined
  readonly microBatch?: number | undefined
  readonly steps?: number | undefined
  readonly schedule?: ScheduleName | undefined
  readonly learningRate?: number | undefined
  readonly finalLearningRate?: number | undefined
  readonly warmUp?: number | undefined
  readonly beta1?: number | undefined
  readonly beta2?: number | undefined
  readonly epsilon?: number | undefined
  readonly weightDecay?: number | undefined
  readonly clip?: number | 'none' | undefined
}

/** The settings that a row fills. */
type Filled = Omit<RunDefaults, 'rateOverLast' | 'stepsOverWarmUp' | 'warmUpMost' | 'microBatch' | 'initialisation'> & {
  readonly initialisation: InitialisationScheme | typeof GIVEN
  readonly microBatch: number
  readonly finalLearningRate: number
  readonly warmUp: number
}

/**
 * A choice with what it leaves open filled from its preset, or from the row of its model.
 * @throws RangeError for an unknown preset or model
 */
export function withDefaults<Choice extends DefaultedChoice>(choice: Choice): Choice & Filled {
  const { preset, kind } = choice
  if (preset !== undefined && !presetNames.includes(preset)) {
    throw new RangeError(`"preset" expected ${presetNames.join(', ')}, got ${preset}`)
  }
  const row: RunDefaults = (preset === undefined ? defaults[modelName(choice)] : presets[preset])[kind]
  const own = { ...row, ...ofAlgorithm(choice.algorithm ?? row.algorithm, kind) }
  const { rateOverLast, stepsOverWarmUp, warmUpMost, microBatch: rowsOwn, ...same } = own
  const steps = choice.steps ?? row.steps
  const learningRate = choice.learningRate ?? own.learningRate
  const batch = choice.batch ?? row.batch
  const derived = {
    microBatch: (choice.batch === undefined ? rowsOwn : undefined) ?? batch,
    finalLearningRate: learningRate / rateOverLast,
    warmUp: Math.min(warmUpMost, Math.floor(steps / stepsOverWarmUp)),
  }
  const given = Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined))
  return { ...same, ...derived, ...given } as Choice & Filled
}

/** Learned values start and move as those of a training do; scores of drawn masks are logits, which have a long way to go (0.1: 3.73 nats after 120 steps of micro; 0.02: 3.70 after 200). */
function ofAlgorithm(algorithm: AlgorithmName, kind: 'search' | 'train'): Partial<RunDefaults> {
  if (kind === 'train') return {}
  const { initialisation, learningRate } = train
  return algorithm === 'levels'
    ? { initialisation, learningRate }
    : algorithm === 'sampled'
      ? { learningRate: 0.1 }
      : {}
}

/** The names of what a preset fills. */
export const filledNames: readonly string[] = [
  ...Object.keys(search).filter((name) => !['rateOverLast', 'stepsOverWarmUp', 'warmUpMost'].includes(name)),
  ...['batch', 'microBatch', 'finalLearningRate', 'warmUp', 'qkScale'],
  ...methodNames,
]

/** A default in words for help: `16; tiny, llama-tiny: 8`, that of the first model first. */
export function defaultText(kind: 'search' | 'train', name: keyof RunDefaults): string {
  const models = new Map<string, string[]>()
  for (const [model, { [kind]: row }] of Object.entries(defaults)) {
    const value = String(row[name])
    models.set(value, [...(models.get(value) ?? []), model])
  }
  const [[first], ...others] = models
  return [first, ...others.map(([value, names]) => `${names.join(', ')}: ${value}`)].join('; ')
}

/** What a preset sets for searches, in words for help. */
export function presetText(name: PresetName): string {
  const row: RunDefaults = presets[name].search
  const { algorithm, keep, selection, initialisation: init, batch, microBatch, steps, schedule, learningRate: lr } = row
  const mask = `${algorithm}, keep ${keep} ${selection}, init ${init} (and so qk-scale auto)`
  const windows = `batch ${batch}${microBatch === undefined ? '' : ` in micro-batches of ${microBatch}`}`
  const rate = `lr ${lr} to ${lr / row.rateOverLast} (${schedule}), warm-up of ${row.warmUpMost}`
  const adamw = `betas ${row.beta1} and ${row.beta2}, epsilon ${row.epsilon}, weight-decay ${row.weightDecay}`
  return `${mask}; ${windows}, ${steps.toLocaleString('en-US')} steps, ${rate}; ${adamw}; clip ${row.clip}, score-scale ${row.scoreScale}`
}
