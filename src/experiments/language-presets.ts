/** How large Figures 7 and 8 are run: the paper's sizes, two cores' worth of work, or a few seconds. */
import type { TokenizerName } from '../data/index.js'

/** A model, and the widths beside it keep its heads as wide. */
export interface PresetModel {
  readonly name: string
  readonly layers: number
  readonly width: number
  /** d / H = n_K. */
  readonly headWidth: number
}

/** Everything that Figures 7 and 8 leave open. */
export interface LanguagePreset {
  readonly name: PresetName
  readonly models: readonly PresetModel[]
  readonly tokenizer: TokenizerName
  readonly context: number
  readonly batch: number
  readonly microBatch: number
  readonly steps: number
  readonly warmUp: number
  /** Highest learning rates, of scores and of weights in training; the last ones are a tenth, as in the paper. */
  readonly searchRate: number
  readonly trainRate: number
  readonly keep: number
  /** Factors of the models' widths in Figure 7, ascending. */
  readonly widths: readonly number[]
  /** QK scales of Figure 8, ascending. */
  readonly scales: readonly number[]
  /** Unsigned 64-bit, in decimal. */
  readonly seeds: readonly string[]
}

export const presetNames = ['quick', 'default', 'paper'] as const
export type PresetName = (typeof presetNames)[number]

/** What of a preset may be changed; what is absent stays. */
export interface PresetChanges {
  /** Names of some of the preset's models. */
  readonly models?: readonly string[] | undefined
  readonly microBatch?: number | undefined
  readonly steps?: number | undefined
  readonly searchRate?: number | undefined
  readonly trainRate?: number | undefined
  readonly widths?: readonly number[] | undefined
  /** Numbers > 0, or `auto`: n_K^(1/4). */
  readonly scales?: readonly (number | 'auto')[] | undefined
  /** How many seeds, from `seed` on. */
  readonly seeds?: number | undefined
  readonly seed?: bigint | undefined
}

type Base = Omit<LanguagePreset, 'name' | 'warmUp' | 'scales' | 'seeds'> & {
  readonly scales: readonly (number | 'auto')[]
  readonly seeds: number
  /** Warm-up as a part of the steps. */
  readonly warmUpPart: number
}

const presets: Record<PresetName, Base> = {
  quick: {
    models: [{ name: 'quick', layers: 1, width: 64, headWidth: 16 }],
    tokenizer: 'bytes',
    context: 32,
    batch: 8,
    microBatch: 8,
    steps: 30,
    warmUpPart: 1 / 20,
    searchRate: 2e-3,
    trainRate: 3e-3,
    keep: 0.3,
    widths: [0.5, 1],
    scales: [1, 'auto', 4],
    seeds: 1,
  },
  default: {
    models: [{ name: 'short', layers: 2, width: 512, headWidth: 64 }],
    tokenizer: 'bytes',
    context: 64,
    batch: 8,
    microBatch: 8,
    steps: 500,
    warmUpPart: 1 / 20,
    searchRate: 2e-3,
    trainRate: 3e-3,
    keep: 0.3,
    widths: [0.5, 1, 2],
    scales: [1, 1.5, 2, 'auto', 4, 5],
    seeds: 3,
  },
  paper: {
    models: [
      { name: 'mini', layers: 4, width: 512, headWidth: 64 },
      { name: 'small', layers: 12, width: 768, headWidth: 64 },
      { name: 'medium', layers: 24, width: 1024, headWidth: 64 },
    ],
    tokenizer: 'gpt2',
    context: 1024,
    batch: 512,
    microBatch: 4,
    steps: 50 * 227,
    warmUpPart: 1 / 50,
    searchRate: 1e-4,
    trainRate: 1e-4,
    keep: 0.3,
    widths: [0.5, 1, 2],
    scales: [1, 1.5, 2, 'auto', 4, 5],
    seeds: 3,
  },
}

const LARGEST_SEED = 2n ** 64n - 1n

/**
 * A preset with its changes.
 * @throws RangeError naming what does not fit
 */
export function choosePreset(name: PresetName, changes: PresetChanges = {}): LanguagePreset {
  if (!presetNames.includes(name)) throw new RangeError(`"preset" expected ${presetNames.join(', ')}, got ${name}`)
  const { warmUpPart, ...base } = presets[name]
  const { seed = 0n, seeds: count = base.seeds } = changes
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`"seeds" expected an integer >= 1, got ${count}`)
  if (seed < 0n || seed + BigInt(count) - 1n > LARGEST_SEED) {
    throw new RangeError(`"seeds" expected ${count} seeds from ${seed} on to stay below 2^64`)
  }
  const models = changes.models ? chooseModels(base.models, changes.models) : base.models
  const steps = changes.steps ?? base.steps
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`"steps" expected an integer >= 1, got ${steps}`)
  const microBatch = changes.microBatch ?? base.microBatch
  if (!Number.isInteger(microBatch) || microBatch < 1 || base.batch % microBatch !== 0) {
    throw new RangeError(`"micro-batch" expected a divisor of the batch of ${base.batch}, got ${microBatch}`)
  }
  const widths = ascending('widths', changes.widths ?? base.widths)
  for (const model of models) for (const factor of widths) checkWidth(model, factor)
  const critical = criticalScale(models[0])
  const scales = (changes.scales ?? base.scales).map((scale) => (scale === 'auto' ? critical : scale))
  return {
    ...base,
    name,
    models,
    steps,
    microBatch,
    searchRate: changes.searchRate ?? base.searchRate,
    trainRate: changes.trainRate ?? base.trainRate,
    warmUp: Math.floor(steps * warmUpPart),
    widths,
    scales: ascending('scales', scales),
    seeds: Array.from({ length: count }, (_, i) => String(seed + BigInt(i))),
  }
}

/** n_K^(1/4), the paper's factor of query and key matrices; a preset's models share it. */
export const criticalScale = ({ headWidth }: Pick<PresetModel, 'headWidth'>): number => headWidth ** 0.25

function chooseModels(all: readonly PresetModel[], names: readonly string[]): PresetModel[] {
  const known = all.map(({ name }) => name)
  const bad = names.find((name) => !known.includes(name))
  if (bad !== undefined || names.length === 0) {
    throw new RangeError(`"models" expected ${known.join(', ')}, got ${bad ?? 'none'}`)
  }
  return all.filter(({ name }) => names.includes(name))
}

/** Sorted, without repeats; each a finite number > 0. */
function ascending(name: string, values: readonly number[]): number[] {
  const bad = values.find((value) => !(value > 0 && value < Number.POSITIVE_INFINITY))
  if (bad !== undefined || values.length === 0) {
    throw new RangeError(`"${name}" expected numbers > 0, got ${bad ?? 'none'}`)
  }
  return [...new Set(values)].sort((a, b) => a - b)
}

function checkWidth({ name, width, headWidth }: PresetModel, factor: number): void {
  if (Number.isInteger((factor * width) / headWidth)) return
  const wanted = `a factor that makes ${name}'s width of ${width} a multiple of the head width ${headWidth}`
  throw new RangeError(`"widths" expected ${wanted}, got ${factor}`)
}
