/** Figure 5: error of pruned attention against the input length T, at widths n = 20 and 40. */

import { generateAngularVelocity } from '../data/angular-velocity.js'
import { attend } from '../paper/attention.js'
import { createAttentionSource, type PrunedAttention, pruneAttention } from '../paper/prune-attention.js'
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
import { figureTarget } from './figure-target.js'
import { measureError, samplePositions } from './output-error.js'
import { summarise } from './statistics.js'
import { differenceInterval, everyOne, intervalText, isBelow, jackknife } from './verdict.js'

const LENGTHS = Array.from({ length: 11 }, (_, i) => 2 ** (i + 3))
const SEQUENCES = 4
const POSITIONS = 16
/** The error is called bounded where it grows to no more than so many times its own. */
const MOST_GROWTH = 1.5
const SHAPE = { inputs: 2, outputs: 1, heads: 1 }
const CURVES: { n: number; initialisation: SourceInitialisation }[] = [
  { n: 20, initialisation: 'theory' },
  { n: 40, initialisation: 'theory' },
  { n: 20, initialisation: 'xavier' },
  { n: 40, initialisation: 'xavier' },
]

/** Runs Figure 5: the same pruned sources and the same rotations at every length 8, 16, ..., 8192. */
export async function runFigure5(options: FigureOptions): Promise<FigureResult> {
  const { solver, sources = 100, seed = 0 } = options
  checkSources(sources)
  const started = performance.now()
  const step = createSteps(5, LENGTHS.length * CURVES.length, options)
  const base = figureStream(5)
  const { attention: target, placeToken, ...of } = figureTarget(seed, base + TARGET_STREAM, options.target)

  let stream = base + SOURCE_STREAM
  const pruned = CURVES.map(({ n, initialisation }) => {
    const drawn = Array.from({ length: sources }, () => {
      stream += 4
      return createAttentionSource({ seed, stream, ...SHAPE, keyWidth: n, valueWidth: n, initialisation })
    })
    return pruneAttention(solver, target, drawn)
  })
  const points: FigurePoint[][] = CURVES.map(() => [])
  const bySource: number[][][] = CURVES.map(() => []) // by curve, length and source
  for (const length of LENGTHS) {
    const data = generateAngularVelocity({ seed, stream: base + DATA_STREAM, count: SEQUENCES, length })
    const inputs = placeToken(data.inputs, length)
    const positions = samplePositions(length, POSITIONS)
    const sequence = (s: number): Float64Array => inputs.subarray(s * length * 2, (s + 1) * length * 2)
    const wanted = Array.from({ length: SEQUENCES }, (_, s) => attend(target, sequence(s), 'encoder', positions))
    for (let curve = 0; curve < CURVES.length; curve++) {
      const errorOf = ({ merged }: PrunedAttention) =>
        measureError(wanted, (s) => attend(merged, sequence(s), 'encoder', positions), 1)
      const errors = pruned[curve].map(errorOf)
      const largest = errors.map((error) => error.largest)
      bySource[curve].push(largest)
      points[curve].push({
        x: length,
        error: summarise(largest),
        tokenError: summarise(errors.map(({ token }) => token)),
        ...regimes(pruned[curve].map(({ heads }) => heads.flatMap((head) => [head.queryKey, head.valueOutput]))),
      })
      await step(`n = ${CURVES[curve].n}, ${CURVES[curve].initialisation}, T = ${length}`)
    }
  }

  const series = CURVES.map(({ n, initialisation }, curve) => ({
    name: `n = ${n}, ${initialisation === 'xavier' ? 'Xavier' : initialisation}`,
    initialisation,
    points: points[curve],
  }))
  const growth = [0, 1].map((curve) => {
    const [long, short] = [8192, 64].map((length) => bySource[curve][LENGTHS.indexOf(length)])
    const mean = (errors: readonly number[], some: readonly number[]) =>
      some.reduce((sum, source) => sum + errors[source], 0) / some.length
    const ratioOf = (some: readonly number[]) => mean(long, some) / mean(short, some)
    const ratio = ratioOf(long.map((_, source) => source))
    return { n: CURVES[curve].n, ratio, interval: jackknife(sources, (some) => [ratioOf(some)])?.[0] }
  })
  const gains = LENGTHS.map((_, i) => isBelow(differenceInterval(bySource[1][i], bySource[0][i])))
  const smaller = gains.filter((gain) => gain === true).length
  return {
    figure: 5,
    title: 'Error of pruned attention against the input length',
    xLabel: 'input length, T',
    yLabel: 'largest output error over positions',
    settings: {
      sources,
      seed: String(seed),
      sequences: SEQUENCES,
      positions: `all up to ${POSITIONS}, else ${POSITIONS} evenly spaced with the regression token and the last`,
      ...of.settings,
      mask: 'encoder',
    },
    ...(options.target && { trained: options.target.report }),
    series,
    fits: [],
    paper: { claim: 'The error stays bounded as T grows to 8192, and is smaller at n = 40 than at n = 20.' },
    checks: [
      ...growth.map(({ n, ratio, interval }) => ({
        claim: `n = ${n}: error at T = 8192 at most ${MOST_GROWTH} times that at T = 64`,
        measured: `${ratio.toFixed(3)} times; over sources ${intervalText(interval, (value) => value.toFixed(3))}`,
        holds: isBelow(interval, MOST_GROWTH),
      })),
      {
        claim: 'smaller error at n = 40 than at n = 20 at every T',
        measured: `${points[0].filter((point, i) => points[1][i].error.mean < point.error.mean).length} of ${LENGTHS.length} lengths, at ${smaller} of them with a 95 % interval over sources below 0`,
        holds: everyOne(gains),
      },
      ...of.checks,
    ],
    seconds: (performance.now() - started) / 1000,
  }
}
