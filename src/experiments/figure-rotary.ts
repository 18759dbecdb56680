/**
 * Rotary attention in the manner of Figure 4: error against width for both constructions of docs/rotary.md, and for the paper's head
 * of the same four matrices without rotation beside them. The paper has no rotary heads.
 */
import { generateAngularVelocity } from '../data/angular-velocity.js'
import { type Attention, attend } from '../paper/attention.js'
import { factoredConstruction } from '../paper/factored-construction.js'
import { attendMergedRotary } from '../paper/merged-rotary.js'
import { createAttentionSource, pruneAttention } from '../paper/prune-attention.js'
import type { PrunedPair } from '../paper/prune-pair.js'
import { pruneRotary, type RotaryConstruction } from '../paper/prune-rotary.js'
import { attendRotary, type RotaryAttention, rotaryFrequencies } from '../paper/rotary-attention.js'
import { rotaryConstruction } from '../paper/rotary-construction.js'
import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import { scoreSums } from '../theory/rotary.js'
import {
  checkSources,
  createSteps,
  DATA_STREAM,
  type FigureCheck,
  type FigureOptions,
  type FigurePoint,
  type FigureResult,
  figureStream,
  regimes,
  SOURCE_STREAM,
  TARGET_STREAM,
} from './figure.js'
import { fitDecay, fitSources, type SourceErrors } from './figure-fit.js'
import { measureError } from './output-error.js'
import { summarise } from './statistics.js'
import { createRotaryTarget } from './target.js'
import { everyOne, intervalText, isAbove, isBelow, jackknife, meanInterval } from './verdict.js'

const SHAPE = { inputs: 2, outputs: 1, groups: [1] }
const KEY_WIDTH = 4
const VALUE_WIDTH = 8
/** One untrained target may have hardly any output: so several take turns, as in Figure 6. */
const TARGETS = 10
/** Both frequencies, 1 and 0.1 radians a position, turn within the length. */
const THETA = 100
const LENGTH = 16
const SEQUENCES = 64
const ITEMS = Array.from({ length: 21 }, (_, i) => 2 * i)
/** Items at which the constructions are compared: enough for reach, and above the solver's precision. */
const COMPARED = 20
/** Rates agree where their ratio lies between these. */
const [LEAST_RATIO, MOST_RATIO] = [0.8, 1.25]

/** A source as it is measured. */
interface Measured {
  readonly pairs: readonly PrunedPair[]
  attend(x: Float64Array): Float64Array
}

/** One curve of the figure. */
interface RotaryCurve {
  readonly name: string
  /** Width that gives every subset sum one more item. */
  readonly perItem: number
  /** The target's own output. */
  wanted(target: RotaryAttention, x: Float64Array): Float64Array
  /** Prunes one source a stream, of n = d1 items. */
  prune(solver: SubsetSumSolver, target: RotaryAttention, seed: Seed, n: number, streams: number[]): Measured[]
}

/** The target's head as the paper has it. */
function withoutRotation({ inputs, outputs, groups }: RotaryAttention): Attention {
  const [{ key, value, heads }] = groups
  const [{ query, output }] = heads
  const widths = { keyWidth: KEY_WIDTH, valueWidth: VALUE_WIDTH }
  const matrices = { query: query[0], key: key[0], value: value[0], output: output[0] }
  return { inputs, outputs, heads: [{ kind: 'factored', ...widths, ...matrices }] }
}

const plainCurve: RotaryCurve = {
  name: 'without rotation',
  perItem: SHAPE.inputs,
  wanted: (target, x) => attend(withoutRotation(target), x),
  prune(solver, target, seed, n, streams) {
    const shape = { seed, ...SHAPE, heads: 1, keyWidth: n, valueWidth: n }
    const sources = streams.map((stream) => createAttentionSource({ ...shape, stream }))
    return pruneAttention(solver, withoutRotation(target), sources).map(({ merged, heads }) => ({
      pairs: heads.flatMap(({ queryKey, valueOutput }) => [queryKey, valueOutput]),
      attend: (x) => attend(merged, x),
    }))
  },
}

const rotaryCurve = (construction: RotaryConstruction, perItem: number): RotaryCurve => ({
  name: construction.name,
  perItem,
  wanted: attendRotary,
  prune(solver, target, seed, n, streams) {
    const shape = { seed, ...SHAPE, frequencies: target.frequencies, hidden: n, valueWidth: n }
    const sources = streams.map((stream) => construction.createSource({ ...shape, stream }))
    return pruneRotary(construction, solver, target, sources).map(({ merged, groups }) => ({
      pairs: groups.flatMap(({ scores, valueOutput }) => [...scores, valueOutput]),
      attend: (x) => attendMergedRotary(merged, x),
    }))
  },
})

const CURVES = [
  plainCurve,
  rotaryCurve(rotaryConstruction, KEY_WIDTH * SHAPE.inputs),
  rotaryCurve(factoredConstruction, SHAPE.inputs),
]

/** Runs the figure: 0, 2, ..., 40 items a subset sum and three curves, `sources` fresh sources each. */
export async function runFigureRotary(options: FigureOptions): Promise<FigureResult> {
  const { solver, sources = 100, seed = 0 } = options
  checkSources(sources)
  const started = performance.now()
  const step = createSteps('rotary', ITEMS.length * CURVES.length, options)
  const base = figureStream('rotary')
  const frequencies = rotaryFrequencies(KEY_WIDTH, THETA)
  const shape = { seed, ...SHAPE, frequencies, valueWidth: VALUE_WIDTH }
  const targets = Array.from({ length: Math.min(TARGETS, sources) }, (_, t) =>
    createRotaryTarget({ ...shape, stream: base + TARGET_STREAM + 4 * t }),
  )
  const data = generateAngularVelocity({ seed, stream: base + DATA_STREAM, count: SEQUENCES, length: LENGTH })
  const sequence = (s: number): Float64Array => data.inputs.subarray(s * LENGTH * 2, (s + 1) * LENGTH * 2)

  /** No construction reads more streams a source. */
  const streams = Math.max(...[rotaryConstruction, factoredConstruction].map((each) => each.streams(SHAPE.groups)))
  let stream = base + SOURCE_STREAM
  const series = []
  const bySource: SourceErrors[][] = []
  for (const curve of CURVES) {
    const wanted = targets.map((target) =>
      Array.from({ length: SEQUENCES }, (_, s) => curve.wanted(target, sequence(s))),
    )
    const points: FigurePoint[] = []
    const errorsOf: SourceErrors[] = []
    for (const items of ITEMS) {
      const own = Array.from({ length: sources }, (_, s) => stream + streams * s)
      stream += streams * sources
      const byTarget = targets.map((target, t) => {
        const some = own.filter((_, s) => s % targets.length === t)
        return curve.prune(solver, target, seed, SHAPE.inputs * items, some)
      })
      const pruned = own.map((_, s) => byTarget[s % targets.length][Math.floor(s / targets.length)])
      const errors = pruned.map((one, source) =>
        measureError(wanted[source % targets.length], (s) => one.attend(sequence(s)), SHAPE.outputs),
      )
      const largest = errors.map((error) => error.largest)
      const x = curve.perItem * items
      errorsOf.push({ x, errors: largest })
      points.push({
        x,
        error: summarise(largest),
        tokenError: summarise(errors.map(({ token }) => token)),
        ...regimes(pruned.map(({ pairs }) => pairs)),
      })
      await step(`${curve.name}, n = ${x}`)
    }
    series.push({ name: curve.name, initialisation: 'theory' as const, perItem: curve.perItem, points })
    bySource.push(errorsOf)
  }

  const sums = scoreSums(SHAPE.inputs, KEY_WIDTH)
  return {
    figure: 'rotary',
    title: 'Error of pruned rotary attention against its width',
    xLabel: 'source width: n_K, or n_F of the factored construction',
    yLabel: 'largest output error over positions',
    settings: {
      sources,
      seed: String(seed),
      sequences: SEQUENCES,
      T: LENGTH,
      d1: SHAPE.inputs,
      d2: SHAPE.outputs,
      heads: 1,
      'target d_K': KEY_WIDTH,
      'target d_V': VALUE_WIDTH,
      'frequencies (radians a position)': `${Array.from(frequencies).join(', ')} (theta = ${THETA})`,
      targets: targets.length,
      target:
        'untrained, U(-1, 1) divided by the spectral norm; source s gets target s mod targets; the same matrices with and without rotation',
      'subset sums for the scores of a head': `${sums.plain} without rotation, ${sums.rotary} rotary, ${sums.factored} factored; ${SHAPE.inputs * SHAPE.outputs} more for the values`,
      mask: 'encoder',
    },
    series,
    fits: [
      ...series.map((one) => fitDecay(`mean, ${one.name}, least squares`, [one], 'mean', 'linear')),
      ...series.map((one) => fitDecay(`median, ${one.name}, logarithmic`, [one], 'median', 'log')),
    ],
    paper: { claim: 'It has attention without rotation alone. The theorem on rotary heads is ours (docs/rotary.md).' },
    checks: [
      rateCheck(`rotary: the rate over n_K is 1/${KEY_WIDTH} of that without rotation`, 1, KEY_WIDTH, bySource),
      rateCheck('factored: the rate over n_F is that without rotation', 2, 1, bySource),
      errorCheck('rotary', 'd_K / sqrt 2', KEY_WIDTH / Math.SQRT2, 1, bySource),
      errorCheck('factored', '9 / (4 sqrt d)', 9 / (4 * Math.sqrt(SHAPE.inputs)), 2, bySource),
      lastCheck(
        series.map(({ name }) => name),
        bySource,
      ),
    ],
    seconds: (performance.now() - started) / 1000,
  }
}

/** Rates of the medians: that of a curve times `factor`, by that without rotation. */
function rateCheck(claim: string, curve: number, factor: number, bySource: readonly SourceErrors[][]): FigureCheck {
  const sources = bySource[0][0].errors.length
  const ratioOf = (some: readonly number[]): readonly [number] | undefined => {
    const [plain, rotary] = [0, curve].map((each) => fitSources([bySource[each]], some, 'median', 'log'))
    return plain && rotary && [(factor * rotary.rate) / plain.rate]
  }
  const ratio = ratioOf(Array.from({ length: sources }, (_, i) => i))?.[0]
  const interval = jackknife(sources, ratioOf)?.[0]
  return {
    claim: `${claim} (medians; within ${LEAST_RATIO} to ${MOST_RATIO})`,
    measured: `${ratio?.toFixed(3) ?? 'no rate'} times; over targets ${intervalText(interval, (value) => value.toFixed(3))}`,
    holds: everyOne([isAbove(interval, LEAST_RATIO), isBelow(interval, MOST_RATIO)]),
  }
}

/** Geometric means of the errors at equal items, by the ratio of the theorem's bounds on logits. */
function errorCheck(
  name: string,
  words: string,
  bound: number,
  curve: number,
  bySource: readonly SourceErrors[][],
): FigureCheck {
  const [own, plain] = [curve, 0].map((each) => bySource[each][ITEMS.indexOf(COMPARED)].errors)
  const meanLog = (some: readonly number[]): readonly [number] => [
    some.reduce((sum, source) => sum + Math.log(own[source] / plain[source]), 0) / some.length,
  ]
  const interval = jackknife(own.length, meanLog)?.[0]
  const ratio = (value: number): string => Math.exp(value).toFixed(2)
  return {
    claim: `${name}: with ${COMPARED} items a subset sum, the error is at most ${words} = ${bound.toFixed(2)} times that without rotation`,
    measured: `${ratio(meanLog(own.map((_, source) => source))[0])} times (geometric means); over targets ${intervalText(interval, ratio)}`,
    holds: isBelow(interval, Math.log(bound)),
  }
}

/** All curves end low. */
function lastCheck(names: readonly string[], bySource: readonly SourceErrors[][]): FigureCheck {
  const last = bySource.map((points) => meanInterval(points[points.length - 1].errors))
  return {
    claim: `every construction converges: mean error below 0.01 with ${ITEMS[ITEMS.length - 1]} items`,
    measured: last.map(({ mean }, c) => `${mean.toPrecision(2)} ${names[c]}`).join(', '),
    holds: everyOne(last.map((interval) => isBelow(interval, 1e-2))),
  }
}
