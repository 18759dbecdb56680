/** Figure 6: error of a pruned transformer without normalisation against its width, for 1 to 4 blocks. */
import { generateAngularVelocity } from '../data/angular-velocity.js'
import { forwardBlock, type NormFreeTransformer } from '../paper/norm-free-transformer.js'
import { createTransformerSource, pairsOf, pruneTransformers, streamsOf } from '../paper/prune-transformer.js'
import type { SourceInitialisation } from '../paper/source.js'
import {
  checkSources,
  createSteps,
  DATA_STREAM,
  type FigureCheck,
  type FigureFit,
  type FigureOptions,
  type FigureResult,
  type FigureSeries,
  figureStream,
  regimes,
  SOURCE_STREAM,
  TARGET_STREAM,
} from './figure.js'
import { decaying, fitDecay, fitSources, type SourceErrors } from './figure-fit.js'
import { measureError } from './output-error.js'
import { summarise } from './statistics.js'
import { createTargetTransformer } from './target.js'
import { everyOne, type Interval, isAbove, isBelow, jackknife, type Verdict } from './verdict.js'

const LENGTH = 4
const SEQUENCES = 32
const BLOCKS = 4
/** Untrained targets differ in how much their blocks amplify, so B is judged over several, sources dealt out in turn. */
const TARGETS = 10
const SHAPE = { width: 2, heads: 1, keyWidth: 8, blocks: BLOCKS }
const WIDTHS = Array.from({ length: 15 }, (_, i) => 15 * (i + 1))
/** The paper's axis starts at this width; smaller widths are shown because an exact solver is most of the way down by then. */
export const PAPER_FROM = 90
const INITIALISATIONS: SourceInitialisation[] = ['theory', 'xavier']

/** Rates that differ by less than this part of the shared one count as one rate. */
const RATE_TOLERANCE = 0.15

/** Whether rates fitted curve by curve agree with the shared one. */
function oneRate(what: string, shared: FigureFit, alone: readonly FigureFit[], holds: Verdict): FigureCheck {
  const rates = alone.map(({ rate }) => rate)
  return {
    claim: `one decay rate serves the ${what} of every B (rates fitted alone differ by less than 15 %)`,
    measured: `${rates.map((rate) => rate.toFixed(3)).join(', ')} for B = 1..4; shared ${shared.rate.toFixed(3)} ± ${shared.rateError.toFixed(3)}; ${judged}`,
    holds,
  }
}

/** What a verdict of this figure rests on. */
const judged = 'judged by 95 % intervals over sources and targets'

/**
 * The claims on one statistic, over sources and targets (source s has target s mod 10, so a group left out is a target).
 * Rates agree where no two differ by more than the tolerance; a factor grows where its logarithm does.
 */
function judge(curves: readonly (readonly SourceErrors[])[], sources: number, statistic: 'mean' | 'median') {
  const pairs = curves.flatMap((_, a) => curves.map((__, b) => [a, b] as const)).filter(([a, b]) => a !== b)
  const found = jackknife(sources, (some) => {
    const shared = fitSources(curves, some, statistic, 'log')
    const alone = curves.map((curve) => fitSources([curve], some, statistic, 'log')?.rate)
    if (shared === undefined || !alone.every((rate) => rate !== undefined)) return undefined
    const apart = pairs.map(([a, b]) => alone[a] - alone[b] - RATE_TOLERANCE * shared.rate)
    const growth = shared.factors.slice(1).map((factor, b) => Math.log(factor / shared.factors[b]))
    return [...apart, ...growth]
  })
  const every = (intervals: readonly Interval[] | undefined, isSo: (interval: Interval) => Verdict): Verdict =>
    intervals === undefined ? null : everyOne(intervals.map(isSo))
  return {
    oneRate: every(found?.slice(0, pairs.length), (interval) => isBelow(interval)),
    grows: every(found?.slice(pairs.length), (interval) => isAbove(interval)),
  }
}

/** Outputs after each block, [blocks] of [T, d]. */
function forwardAll({ blocks }: NormFreeTransformer, x: Float64Array): Float64Array[] {
  let current = x
  return blocks.map((block) => {
    current = forwardBlock(block, current)
    return current
  })
}

/** Runs Figure 6: 15 widths 15, 30, ..., 225; the model of B blocks is the first B of one four-block model. */
export async function runFigure6(options: FigureOptions): Promise<FigureResult> {
  const { solver, sources = 100, seed = 0 } = options
  checkSources(sources)
  const started = performance.now()
  const step = createSteps(6, WIDTHS.length * INITIALISATIONS.length, options)
  const base = figureStream(6)
  const stride = SHAPE.blocks * (4 * SHAPE.heads + 1)
  const targets = Array.from({ length: Math.min(TARGETS, sources) }, (_, i) =>
    createTargetTransformer({ seed, stream: base + TARGET_STREAM + i * stride, ...SHAPE }),
  )
  const { inputs } = generateAngularVelocity({ seed, stream: base + DATA_STREAM, count: SEQUENCES, length: LENGTH })
  const sequences = Array.from({ length: SEQUENCES }, (_, s) => inputs.subarray(s * LENGTH * 2, (s + 1) * LENGTH * 2))
  const wanted = targets.map((target) => sequences.map((x) => forwardAll(target, x)))

  let stream = base + SOURCE_STREAM
  const series: FigureSeries[] = []
  const bySource: SourceErrors[][] = [] // of each curve
  for (const initialisation of INITIALISATIONS) {
    const errorsOf: SourceErrors[][] = Array.from({ length: BLOCKS }, () => [])
    const curves: FigureSeries[] = Array.from({ length: BLOCKS }, (_, b) => ({
      name: `B = ${b + 1}, ${initialisation === 'xavier' ? 'Xavier' : initialisation}`,
      initialisation,
      points: [],
    }))
    for (const n of WIDTHS) {
      const drawn = Array.from({ length: sources }, (_, s) => {
        const target = targets[s % targets.length]
        stream += streamsOf(target)
        const widths = { attentionWidth: n, feedForwardWidth: n }
        return { target, source: createTransformerSource({ seed, stream, target, ...widths, initialisation }) }
      })
      const pruned = pruneTransformers(solver, drawn)
      const outputs = pruned.map(({ merged }) => sequences.map((x) => forwardAll(merged, x)))
      curves.forEach(({ points }, b) => {
        const errors = outputs.map((perSequence, source) => {
          const goal = wanted[source % targets.length].map((all) => all[b])
          return measureError(goal, (s) => perSequence[s][b], SHAPE.width)
        })
        const largest = errors.map((error) => error.largest)
        errorsOf[b].push({ x: n, errors: largest })
        points.push({
          x: n,
          error: summarise(largest),
          tokenError: summarise(errors.map(({ token }) => token)),
          ...regimes(pruned.map(({ blocks }) => pairsOf({ blocks: blocks.slice(0, b + 1) }))),
        })
      })
      await step(`${initialisation}, n = ${n}`)
    }
    series.push(...curves)
    bySource.push(...errorsOf)
  }

  const theory = series.slice(0, BLOCKS)
  const shared = fitDecay('means, one rate, logarithmic', theory, 'mean', 'log')
  const medians = fitDecay('medians, one rate, logarithmic', theory, 'median', 'log')
  // With few sources the means may be at the solver's precision before the paper's axis begins: then no fit of it.
  const decays = theory.every(({ points }) => decaying(points, 'mean', PAPER_FROM).length > 1)
  const inRange = decays
    ? [fitDecay(`means from n = ${PAPER_FROM}, one rate, logarithmic`, theory, 'mean', 'log', PAPER_FROM)]
    : []
  const alone = (statistic: 'mean' | 'median') =>
    theory.map((curve) => fitDecay(`${statistic} of ${curve.name} alone`, [curve], statistic, 'log'))
  const meansAlone = alone('mean')
  const mediansAlone = alone('median')
  const [ofMeans, ofMedians] = (['mean', 'median'] as const).map((of) => judge(bySource.slice(0, BLOCKS), sources, of))
  return {
    figure: 6,
    title: 'Error of a pruned transformer against its width, for 1 to 4 blocks',
    xLabel: 'source width, n_MHA = n_FC',
    yLabel: 'largest output error over positions',
    settings: {
      sources,
      seed: String(seed),
      sequences: SEQUENCES,
      T: LENGTH,
      d: SHAPE.width,
      heads: SHAPE.heads,
      'target d_K, d_V': SHAPE.keyWidth,
      'target feed-forward layers': 1,
      targets: targets.length,
      target: 'untrained, U(-1, 1) divided by the spectral norm; source s gets target s mod targets',
      blocks: 'the model of B blocks is the first B blocks of one four-block model, sources too',
      mask: 'encoder',
    },
    series,
    fits: [shared, medians, ...inRange, ...meansAlone, ...mediansAlone],
    paper: { claim: 'For n of about 90 to 225 the error decays at one rate for all B; the factor grows with B.' },
    checks: [
      oneRate('means', shared, meansAlone, ofMeans.oneRate),
      oneRate('medians', medians, mediansAlone, ofMedians.oneRate),
      {
        claim: 'the factor grows with B, in means and in medians',
        measured: `${[shared, medians].map(({ factors }) => factors.map((a) => a.toPrecision(2)).join(', ')).join('; ')}; ${judged}`,
        holds: everyOne([ofMeans.grows, ofMedians.grows]),
      },
    ],
    seconds: (performance.now() - started) / 1000,
  }
}
