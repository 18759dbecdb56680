/** The target of Figures 4 and 5, trained or not, and what the figures say of it. */
import { type Attention, type FactoredHead, mergeHead } from '../paper/attention.js'
import { spectralNorm } from '../paper/matrix.js'
import type { Seed } from '../random/index.js'
import type { FigureCheck } from './figure.js'
import { createTargetAttention } from './target.js'
import type { TrainedTarget } from './trained-target.js'
import { intervalOf, intervalText, isAbove } from './verdict.js'

const SHAPE = { inputs: 2, outputs: 1, heads: 1 }
const WIDTH = 8

/** A target as a figure uses it. */
export interface FigureTarget {
  attention: Attention
  /** Puts the regression token into position 0 of every sequence, [count, length, 2], in place; returns them. */
  placeToken(inputs: Float64Array, length: number): Float64Array
  settings: Record<string, string | number>
  checks: FigureCheck[]
}

/** The trained target where there is one, else an untrained one whose matrices read `stream`..`stream + 3`. */
export function figureTarget(seed: Seed, stream: number, trained?: TrainedTarget): FigureTarget {
  if (!trained) {
    const attention = createTargetAttention({ seed, stream, ...SHAPE, keyWidth: WIDTH, valueWidth: WIDTH })
    const target = 'untrained, U(-1, 1) divided by the spectral norm (the paper trains it)'
    const settings = { ...describe(attention), target }
    return { attention, placeToken: (inputs) => inputs, settings, checks: [] }
  }
  const { attention, token, report } = trained
  checkShape(trained)
  const { training, epochs, test } = report
  const last = epochs[epochs.length - 1]
  const gain = intervalOf(test.variance - test.meanSquare, test.gainError, training.sequences - 1)
  const losses = `${test.meanSquare.toFixed(4)} against ${test.variance.toFixed(4)}`
  return {
    attention,
    placeToken(inputs, length) {
      for (let at = 0; at < inputs.length; at += 2 * length) inputs.set(token, at)
      return inputs
    },
    settings: {
      ...describe(attention),
      'regression token': `${rounded(token)}${training.learnsToken ? ' (learned)' : ''}`,
      target: `trained as in the paper: AdamW, learning rate ${training.learningRate}, weight decay ${training.weightDecay}, ${training.epochs} epochs of ${training.sequences} sequences of ${training.shortest} to ${training.longest} positions in batches of ${training.batch}, seed ${report.seed}`,
      'target losses (mean squares)': `training ${last.train.toFixed(4)}, validation ${last.valid.toFixed(4)}, test ${losses} for always answering the mean; correlation ${test.correlation.toFixed(3)}`,
    },
    checks: [
      {
        claim: 'the trained target predicts the angular velocity better than its mean does (test sequences)',
        measured: `mean square ${losses}, correlation ${test.correlation.toFixed(3)}; difference over sequences ${intervalText(gain)}`,
        holds: isAbove(gain),
      },
    ],
  }
}

/** Widths, merged matrices and norms, in words. */
function describe({ heads }: Attention): Record<string, string | number> {
  const head = heads[0] as FactoredHead
  const { queryKey, valueOutput } = mergeHead(head, SHAPE.inputs, SHAPE.outputs)
  const { keyWidth, valueWidth, query, key, value, output } = head
  const norms = [
    spectralNorm(query, SHAPE.inputs, keyWidth),
    spectralNorm(key, SHAPE.inputs, keyWidth),
    spectralNorm(value, SHAPE.inputs, valueWidth),
    spectralNorm(output, valueWidth, SHAPE.outputs),
  ]
  return {
    d1: SHAPE.inputs,
    d2: SHAPE.outputs,
    heads: SHAPE.heads,
    'target d_K, d_V': keyWidth === valueWidth ? keyWidth : `${keyWidth}, ${valueWidth}`,
    'target W_QK': rounded(queryKey),
    'target W_VO': rounded(valueOutput),
    'norms of W_Q, W_K, W_V, W_O (the theorem: at most 1)': rounded(norms),
    'largest merged entry (Lemma 4: at most 1)': Math.max(...[...queryKey, ...valueOutput].map(Math.abs)).toFixed(3),
  }
}

const rounded = (values: ArrayLike<number>): string => Array.from(values, (value) => value.toFixed(3)).join(', ')

function checkShape({ attention, token }: TrainedTarget): void {
  const { inputs, outputs, heads } = attention
  if (inputs !== 2 || outputs !== 1 || heads.length !== 1 || heads[0].kind !== 'factored')
    throw new RangeError(`"target" expected one factored head of 2 inputs and 1 output, got ${heads.length} heads`)
  if (token.length !== 2) throw new RangeError(`"token" expected 2 values, got ${token.length}`)
}
