/** What Figures 7 and 8 are run with and what they return; plain values only, so a result survives JSON. */
import type { FigureCheck } from './figure.js'
import type { LanguagePreset, PresetModel } from './language-presets.js'
import { type Summary, summarise } from './statistics.js'
import { intervalText, LEAST_REPETITIONS, meanInterval } from './verdict.js'

/** The figures of the paper that need language models. */
export type LanguageFigureNumber = 7 | 8

/** How the weights of a language model come about: trained, or masked random ones. */
export type LanguageVariant = 'trained' | 'slt'

/** One run: a GPT-2 without biases, initialised as GPT-2 is, trained densely or searched for a ticket. */
export interface LanguageModelRequest {
  /** Unique among a preset's runs and fit for the name of a folder: `slt-mini-512-qk2.5-seed0`. */
  readonly name: string
  readonly variant: LanguageVariant
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly context: number
  /** Windows a step, and how many of them go through the graph at once. */
  readonly batch: number
  readonly microBatch: number
  readonly steps: number
  /** Steps of linear warm-up, then half a cosine from the first rate to the last. */
  readonly warmUp: number
  readonly learningRate: number
  readonly finalLearningRate: number
  /** Fraction of each matrix's weights kept; 1 in training. */
  readonly keep: number
  /** Factor of the query and key matrices. */
  readonly qkScale: number
  /** Of weights, scores and batches; unsigned 64-bit, in decimal. */
  readonly seed: string
}

/** What a run found. */
export interface LanguageModelOutcome {
  /** Nats a token on the validation text. */
  readonly validLoss: number
  readonly bitsPerByte: number
  readonly weights: number
  /** Weights that are not masked. */
  readonly nonZero: number
  /** Standard deviation of the attention logits before the first step. */
  readonly attentionDeviation: number
  readonly steps: number
  readonly seconds: number
}

/** Runs a language model, or knows its outcome already. */
export type RunLanguageModel = (request: LanguageModelRequest) => Promise<LanguageModelOutcome>

/** Arguments of Figures 7 and 8. */
export interface LanguageFigureOptions {
  readonly preset: LanguagePreset
  /** The corpus in words, for captions. */
  readonly corpus: string
  readonly runLanguageModel: RunLanguageModel
}

/** Mean and standard deviation (n - 1) over seeds. */
export type Spread = Pick<Summary, 'mean' | 'deviation'>

/** One abscissa of a curve: a model, once for each seed. */
export interface LanguagePoint {
  /** Non-zero parameters in Figure 7, the QK scale in Figure 8. */
  readonly x: number
  readonly width: number
  readonly qkScale: number
  readonly weights: number
  readonly nonZero: number
  readonly validLoss: Spread
  /** Validation loss by seed, in the order of the preset's. */
  readonly losses: readonly number[]
  readonly bitsPerByte: Spread
  /** Standard deviation of the attention logits before the first step. */
  readonly attentionDeviation: Spread
}

/** A curve. */
export interface LanguageSeries {
  readonly name: string
  /** Which of the preset's models. */
  readonly model: string
  readonly variant: LanguageVariant
  readonly points: readonly LanguagePoint[]
}

/** A figure's data. */
export interface LanguageFigureResult {
  readonly figure: LanguageFigureNumber
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** Everything needed to run it again, and how it departs from the paper. */
  readonly settings: Readonly<Record<string, string | number>>
  /** n_K^(1/4), the paper's QK scale. */
  readonly criticalScale: number
  readonly series: readonly LanguageSeries[]
  /** What the paper shows, restated. */
  readonly paper: { readonly claim: string }
  readonly checks: readonly FigureCheck[]
  readonly runs: readonly (LanguageModelRequest & LanguageModelOutcome)[]
  /** Time of the runs together. */
  readonly seconds: number
}

/** The runs of one point, a seed each. */
export interface PointPlan {
  readonly model: string
  readonly runs: readonly LanguageModelRequest[]
}

/** The runs of a model at a width (a factor of its own) and a QK scale. */
export function planPoint(
  preset: LanguagePreset,
  model: PresetModel,
  { variant, factor, qkScale }: { variant: LanguageVariant; factor: number; qkScale: number },
): PointPlan {
  const { layers, headWidth } = model
  const width = factor * model.width
  const learningRate = variant === 'slt' ? preset.searchRate : preset.trainRate
  const { context, batch, microBatch, steps, warmUp, seeds } = preset
  const scale = variant === 'slt' ? `-qk${qkScale}` : ''
  const runs = seeds.map((seed) => ({
    name: `${variant}-${model.name}-${width}${scale}-seed${seed}`,
    variant,
    layers,
    width,
    heads: width / headWidth,
    context,
    batch,
    microBatch,
    steps,
    warmUp,
    learningRate,
    finalLearningRate: learningRate / 10,
    keep: variant === 'slt' ? preset.keep : 1,
    qkScale,
    seed,
  }))
  return { model: model.name, runs }
}

/** Runs the runs of a point, one after another. */
export async function measurePoint(
  { runs }: PointPlan,
  runLanguageModel: RunLanguageModel,
  x: (point: Omit<LanguagePoint, 'x'>) => number,
): Promise<{ point: LanguagePoint; runs: (LanguageModelRequest & LanguageModelOutcome)[] }> {
  const done: (LanguageModelRequest & LanguageModelOutcome)[] = []
  for (const run of runs) done.push({ ...run, ...(await runLanguageModel(run)) })
  const [{ width, qkScale, weights, nonZero }] = done
  const losses = done.map(({ validLoss }) => validLoss)
  const point = {
    width,
    qkScale,
    weights,
    nonZero,
    validLoss: spread(losses),
    losses,
    bitsPerByte: spread(done.map(({ bitsPerByte }) => bitsPerByte)),
    attentionDeviation: spread(done.map(({ attentionDeviation }) => attentionDeviation)),
  }
  return { point: { x: x(point), ...point }, runs: done }
}

/** Mean and standard deviation of values, at least one. */
export function spread(values: readonly number[]): Spread {
  const { mean, deviation } = summarise(values)
  return { mean, deviation }
}

/** `a - b` seed by seed: the runs of a seed share their random weights and batches, so their luck cancels. */
export const pairedDifferences = (a: LanguagePoint, b: LanguagePoint): number[] =>
  a.losses.map((loss, seed) => loss - b.losses[seed])

/** `2.512 ± 0.010`; without a deviation where there is one seed. */
export function spreadText({ mean, deviation }: Spread, seeds: number, digits = 3): string {
  return seeds > 1 ? `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}` : mean.toFixed(digits)
}

/** Differences with their sign, `-0.0123 ± 0.0040 (95 %: -0.0222 to -0.0024)`; the interval from three seeds on. */
export function differenceText(differences: readonly number[]): string {
  const signed = (value: number) => `${value > 0 ? '+' : ''}${value.toFixed(4)}`
  const { mean, deviation } = spread(differences)
  if (differences.length === 1) return signed(mean)
  const text = `${signed(mean)} ± ${deviation.toFixed(4)}`
  return differences.length < LEAST_REPETITIONS ? text : `${text} (${intervalText(meanInterval(differences), signed)})`
}

/** Why nothing is decided where there are too few seeds, at the end of what was measured. */
export function fewSeeds({ losses }: LanguagePoint): string {
  if (losses.length >= LEAST_REPETITIONS) return ''
  const seeds = losses.length === 1 ? 'one seed' : `${losses.length} seeds`
  return ` (${seeds}: an interval takes ${LEAST_REPETITIONS})`
}
