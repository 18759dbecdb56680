/** Figure 4: error of pruned attention against its width n_K = n_V, at T = 4. */

import { generateAngularVelocity } from '../data/angular-velocity.js'
import { attend } from '../paper/attention.js'
import { createAttentionSource, pruneAttention } from '../paper/prune-attention.js'
import type { SourceInitialisation } from '../paper/source.js'
import {
  checkSources,
  createSteps,
  DATA_STREAM,
  type FigureOptions,
  type FigurePoint,
  type FigureResult,
  figureStream,
  regimes,
  SOURCE_STREAM,
  TARGET_STREAM,
} from './figure.js'
import { fitDecay, fitSources, type SourceErrors } from './figure-fit.js'
import { figureTarget } from './figure-target.js'
import { measureError } from './output-error.js'
import { summarise } from './statistics.js'
import { intervalText, isAbove, isBelow, jackknife, meanInterval } from './verdict.js'

const LENGTH = 4
const SEQUENCES = 64
const SHAPE = { inputs: 2, outputs: 1, heads: 1 }
const WIDTHS = Array.from({ length: 26 }, (_, i) => 4 * i)
const INITIALISATIONS: SourceInitialisation[] = ['theory', 'xavier']

/** Runs Figure 4: 26 widths 0, 4, ..., 100 and both initialisations, `sources` fresh sources each. */
export async function runFigure4(options: FigureOptions): Promise<FigureResult> {
  const { solver, sources = 100, seed = 0 } = options
  checkSources(sources)
  const started = performance.now()
  const step = createSteps(4, WIDTHS.length * INITIALISATIONS.length, options)
  const base = figureStream(4)
  const { attention: target, placeToken, ...of } = figureTarget(seed, base + TARGET_STREAM, options.target)
  const data = generateAngularVelocity({ seed, stream: base + DATA_STREAM, count: SEQUENCES, length: LENGTH })
  const inputs = placeToken(data.inputs, LENGTH)
  const sequence = (s: number): Float64Array => inputs.subarray(s * LENGTH * 2, (s + 1) * LENGTH * 2)
  const wanted = Array.from({ length: SEQUENCES }, (_, s) => attend(target, sequence(s)))

  let stream = base + SOURCE_STREAM
  const series = []
  const bySource: SourceErrors[][] = []
  for (const initialisation of INITIALISATIONS) {
    const points: FigurePoint[] = []
    const errorsOf: SourceErrors[] = []
    for (const n of WIDTHS) {
      const drawn = Array.from({ length: sources }, () => {
        stream += 4
        return createAttentionSource({ seed, stream, ...SHAPE, keyWidth: n, valueWidth: n, initialisation })
      })
      const pruned = pruneAttention(solver, target, drawn)
      const errors = pruned.map(({ merged }) => measureError(wanted, (s) => attend(merged, sequence(s)), 1))
      const largest = errors.map((error) => error.largest)
      errorsOf.push({ x: n, errors: largest })
      points.push({
        x: n,
        error: summarise(largest),
        tokenError: summarise(errors.map(({ token }) => token)),
        ...regimes(pruned.map(({ heads }) => heads.flatMap((head) => [head.queryKey, head.valueOutput]))),
      })
      await step(`${initialisation}, n = ${n}`)
    }
    series.push({ name: initialisation === 'xavier' ? 'Xavier' : initialisation, initialisation, points })
    bySource.push(errorsOf)
  }

  const theory = series[0]
  const mean = fitDecay('mean of theory, least squares', [theory], 'mean', 'linear')
  const logMean = fitDecay('mean of theory, logarithmic', [theory], 'mean', 'log')
  const logMedian = fitDecay('median of theory, logarithmic', [theory], 'median', 'log')
  const xavier = series[1].points
  const rate = jackknife(sources, (some) => {
    const fit = fitSources([bySource[0]], some, 'mean', 'linear')
    return fit && [fit.rate]
  })?.[0]
  const lastXavier = meanInterval(bySource[1][WIDTHS.length - 1].errors)
  return {
    figure: 4,
    title: 'Error of pruned attention against its width',
    xLabel: 'source key and value width, n_K = n_V',
    yLabel: 'largest output error over positions',
    settings: {
      sources,
      seed: String(seed),
      sequences: SEQUENCES,
      T: LENGTH,
      ...of.settings,
      mask: 'encoder',
    },
    ...(options.target && { trained: options.target.report }),
    series,
    fits: [mean, logMean, logMedian],
    paper: { claim: 'The error falls exponentially with the width: 0.8 exp(-0.06 n).', factor: 0.8, rate: 0.06 },
    checks: [
      {
        claim: "fitted rate at least the paper's 0.06 per unit of n",
        measured: `${mean.rate.toFixed(3)} ± ${mean.rateError.toFixed(3)}; over sources ${intervalText(rate, (value) => value.toFixed(3))}`,
        holds: isAbove(rate, 0.06),
      },
      {
        claim: 'sources initialised by Xavier uniform converge too',
        measured: `mean error ${lastXavier.mean.toPrecision(2)} at n = 100 (${intervalText(lastXavier)}), below 0.01; all targets in reach in ${(100 * xavier[xavier.length - 1].sourcesInReach).toFixed(0)} % of sources`,
        holds: isBelow(lastXavier, 1e-2),
      },
      ...of.checks,
    ],
    seconds: (performance.now() - started) / 1000,
  }
}
