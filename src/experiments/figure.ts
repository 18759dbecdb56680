/** What every figure is run with and what it returns; plain values only, so a result survives JSON. */

import type { PrunedPair } from '../paper/prune-pair.js'
import type { SourceInitialisation } from '../paper/source.js'
import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import type { ExponentialFit } from '../theory/fit.js'
import { median, type Summary } from './statistics.js'
import type { TargetReport, TrainedTarget } from './trained-target.js'
import type { Verdict } from './verdict.js'

/** The figures that need no training: three of the paper's, and ours of rotary attention. */
export type FigureId = 4 | 5 | 6 | 'rotary'

/** Every figure, in the order of a report. */
export const allFigures = [4, 5, 6, 'rotary', 7, 8] as const

export type AnyFigure = (typeof allFigures)[number]

/** How a figure is called: `Figure 4`, or what it shows. */
export const figureName = (figure: AnyFigure): string => (figure === 'rotary' ? 'Rotary attention' : `Figure ${figure}`)

/** Arguments of a figure. */
export interface FigureOptions {
  solver: SubsetSumSolver
  /** Random sources a point, integer >= 1; the paper has 100. Default 100. */
  sources?: number
  /** Unsigned 64-bit, default 0. */
  seed?: Seed
  /** The target of Figures 4 and 5, as `trainTarget` makes it; untrained when absent. The others have untrained targets. */
  target?: TrainedTarget
  /** Called after each step of work with steps done and in all. */
  onProgress?: (progress: { figure: FigureId; done: number; total: number; label: string }) => void
  /** Aborting makes the run reject with the signal's reason at the next step. */
  signal?: AbortSignal
}

/** One abscissa of a curve. */
export interface FigurePoint {
  /** n or T. */
  x: number
  /** Over sources: mean over sequences of the largest error over positions, as the theorems measure it. */
  error: Summary
  /** Over sources: mean over sequences of the error at the regression token alone. */
  tokenError: Summary
  /** Subset-sum problems whose target lay within reach of the items, as a fraction of all, 0..1 (inclusive). */
  reachable: number
  /** Sources with every target within reach, as a fraction, 0..1 (inclusive). */
  sourcesInReach: number
  /** Median over all problems of |entry error|. */
  medianEntryError: number
  /** Median over all problems of ln 2 times the expected gap: the median the theory predicts; null without items. */
  predictedEntryError: number | null
}

/** A curve. */
export interface FigureSeries {
  name: string
  initialisation: SourceInitialisation
  /** In x, what gives every subset sum one more item; where curves of several constructions are compared. */
  perItem?: number
  points: FigurePoint[]
}

/** A fit of a exp(-b n) to one or more curves. */
export interface FigureFit extends ExponentialFit {
  name: string
  /** Names of the curves, as many as factors. */
  series: string[]
  /** Which statistic was fitted. */
  statistic: 'mean' | 'median'
  /** Smallest and largest x used, inclusive. */
  from: number
  to: number
}

/** What was found of a claim, with its numbers in words. */
export interface FigureCheck {
  claim: string
  measured: string
  /** Null where an interval over the repetitions does not decide it. */
  holds: Verdict
}

/** A figure's data. */
export interface FigureResult {
  figure: FigureId
  title: string
  xLabel: string
  yLabel: string
  /** Everything needed to run it again, and how it departs from the paper. */
  settings: Record<string, string | number>
  /** What training the target reached; absent where it is untrained. */
  trained?: TargetReport
  series: FigureSeries[]
  fits: FigureFit[]
  /** What the paper shows, restated. */
  paper: { claim: string; factor?: number; rate?: number }
  checks: FigureCheck[]
  /** Wall-clock time. */
  seconds: number
}

/** First stream of a figure; figures never share random numbers. That of rotary attention has the number 9. */
export function figureStream(figure: FigureId): number {
  return (figure === 'rotary' ? 9 : figure) * 2 ** 40
}

/** Streams of a figure: targets from here on. */
export const TARGET_STREAM = 0
/** Streams of a figure: the sequences. */
export const DATA_STREAM = 2 ** 20
/** Streams of a figure: sources from here on. */
export const SOURCE_STREAM = 2 ** 21

/** Throws RangeError unless `sources` is an integer from 1 to 100,000. */
export function checkSources(sources: number): void {
  if (!Number.isInteger(sources) || sources < 1 || sources > 100_000)
    throw new RangeError(`"sources" expected an integer from 1 to 100000, got ${sources}`)
}

/** Steps of a run: reports progress, lets other work (a Ctrl-C handler) in, and stops where the signal says so. */
export function createSteps(
  figure: FigureId,
  total: number,
  { onProgress, signal }: Pick<FigureOptions, 'onProgress' | 'signal'>,
): (label: string) => Promise<void> {
  let done = 0
  signal?.throwIfAborted()
  return async (label) => {
    done++
    onProgress?.({ figure, done, total, label })
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
  }
}

/** Reach and resolution over the problems behind one point; one list of pairs a source. */
export function regimes(
  sources: readonly (readonly PrunedPair[])[],
): Pick<FigurePoint, 'reachable' | 'sourcesInReach' | 'medianEntryError' | 'predictedEntryError'> {
  const reached = sources.map((pairs) => pairs.flatMap((pair) => Array.from(pair.reachable)))
  const all = reached.flat()
  const errors = sources.flatMap((pairs) => pairs.flatMap((pair) => Array.from(pair.errors, Math.abs)))
  const gaps = sources.flatMap((pairs) => pairs.flatMap((pair) => Array.from(pair.expectedGaps)))
  const predicted = Math.LN2 * median(gaps)
  return {
    reachable: all.reduce((sum, value) => sum + value, 0) / all.length,
    sourcesInReach: reached.filter((values) => values.every((value) => value === 1)).length / sources.length,
    medianEntryError: median(errors),
    predictedEntryError: Number.isFinite(predicted) ? predicted : null,
  }
}
