/** Theorem 3/9, or that of docs/rotary.md, for one head, a few groups at a time, so that a worker can listen in between. */
import { unpackBits } from '../../../../src/mask/index.js'
import { type PairJob, prunePairs, type SourcePair } from '../../../../src/paper/prune-pair.js'
import { rotaryConstruction } from '../../../../src/paper/rotary-construction.js'
import { createSourcePair } from '../../../../src/paper/source.js'
import type { SubsetSumSolver } from '../../../../src/subset-sum/index.js'
import type { SourceChoice } from './choices.js'
import type { TargetHead } from './target-head.js'

/** One merged matrix of the head, its random source, and what pruning made of it. Every group has `items` units. */
export interface PrunedMatrix {
  readonly inputs: number
  readonly outputs: number
  readonly items: number
  /** sqrt(n_K) for query/key, else 1. */
  readonly divisor: number
  /** Wanted, [inputs, outputs]. */
  readonly target: Float64Array
  /** What the pruned source stands for, [inputs, outputs]. */
  readonly weights: Float64Array
  /** W_Q, W_V, or of a rotary head the first half of W_K, before pruning, [inputs, n]; unit k stays in row floor(k / items) alone. */
  readonly first: Float64Array
  /** W_K', W_O, or of a rotary head both halves of W_Q', before pruning, [n, outputs]. */
  readonly second: Float64Array
  /** 1 where a weight of `second` is kept, [n, outputs]. */
  readonly kept: Uint8Array
  /** [inputs, outputs], 1 where the target lay between the least and the largest sum. */
  readonly reachable: Uint8Array
  /** [inputs, outputs], the mean gap of such problems (subset-sum/expected-gap.ts). */
  readonly expectedGaps: Float64Array
}

/** All merged matrices of a head. */
export interface PrunedHead {
  /** W_QK; of a rotary head [A_p' | -B_p'] for each frequency. */
  readonly scores: readonly PrunedMatrix[]
  readonly valueOutput: PrunedMatrix
}

/** What pruning goes through between solver calls. */
export interface PruneSteps {
  /** Lets messages in; may throw to stop. */
  pause(): Promise<void>
  /** Subset sums solved, as a fraction of all, 0 < fraction <= 1. */
  onProgress?(fraction: number): void
}

/** A solver call should take about so long: then a worker listens often, and calls cost little. */
const CALL_MS = 10

/** Prunes a random source of 4 streams from `stream` on. */
export async function pruneHead(
  solver: SubsetSumSolver,
  target: TargetHead,
  source: SourceChoice,
  stream: number,
  steps: PruneSteps,
): Promise<PrunedHead> {
  const sources = sourcePairs(target, source, stream)
  const wanted = [...target.scores, target.valueOutput]
  const all = wanted.reduce((sum, { length }) => sum + length, 0)
  let from = 0
  const pruned: PrunedMatrix[] = []
  for (const [i, pair] of sources.entries()) {
    const before = from
    from += wanted[i].length
    const onProgress = (fraction: number) => steps.onProgress?.((before + wanted[i].length * fraction) / all)
    pruned.push(await pruneMatrix(solver, pair, wanted[i], source.items, { pause: steps.pause, onProgress }))
  }
  return { scores: pruned.slice(0, -1), valueOutput: pruned[pruned.length - 1] }
}

/** The random pairs of the scores, then that of the values. A rotary source is initialised as its theorem asks. */
function sourcePairs(
  { inputs, outputs, rotary }: TargetHead,
  { seed, items, initialisation }: SourceChoice,
  stream: number,
): SourcePair[] {
  const hidden = inputs * items
  if (rotary) {
    const shape = { ...rotary, seed, stream, groups: [1], hidden, valueWidth: hidden }
    const source = rotaryConstruction.createSource(shape)
    const [{ value, heads }] = source.groups
    const values = { inputs, hidden, outputs, activation: 'linear', divisor: 1 } as const
    return [
      ...rotaryConstruction.scoreJobs(rotary, source, 0).map((job) => job.source),
      { ...values, first: value[0], second: heads[0].output[0] },
    ]
  }
  const pair = { seed, inputs, hidden, initialisation }
  return [
    createSourcePair({ ...pair, stream, outputs: inputs, role: 'query-key' }),
    createSourcePair({ ...pair, stream: stream + 2, outputs, role: 'value-output' }),
  ]
}

async function pruneMatrix(
  solver: SubsetSumSolver,
  source: SourcePair,
  target: Float64Array,
  items: number,
  { pause, onProgress }: PruneSteps,
): Promise<PrunedMatrix> {
  const { inputs, outputs, divisor, first, second } = source
  const entries = inputs * outputs
  const found = {
    weights: new Float64Array(entries),
    kept: new Uint8Array(second.length),
    reachable: new Uint8Array(entries),
    expectedGaps: new Float64Array(entries),
  }
  let groups = 1
  for (let from = 0; from < inputs; ) {
    const started = performance.now()
    const jobs: PairJob[] = []
    for (let j = from; j < Math.min(inputs, from + groups); j++) jobs.push(groupJob(source, target, items, j))
    prunePairs(solver, jobs).forEach((pruned, at) => {
      const j = from + at
      found.weights.set(pruned.weights, j * outputs)
      found.kept.set(unpackBits(pruned.second, items * outputs), j * items * outputs)
      found.reachable.set(pruned.reachable, j * outputs)
      found.expectedGaps.set(pruned.expectedGaps, j * outputs)
    })
    from += jobs.length
    onProgress?.(from / inputs)
    const took = performance.now() - started
    groups = took < CALL_MS / 2 ? 2 * groups : took > 2 * CALL_MS ? Math.ceil(groups / 2) : groups
    await pause()
  }
  return { inputs, outputs, items, divisor, target, first, second, ...found }
}

/** Row j of a pair as a pair of its own: group j's units, which see coordinate j alone. */
function groupJob(source: SourcePair, target: Float64Array, items: number, j: number): PairJob {
  const { hidden, outputs, first, second } = source
  const unit = j * items
  return {
    source: {
      ...source,
      inputs: 1,
      hidden: items,
      first: first.subarray(j * hidden + unit, j * hidden + unit + items),
      second: second.subarray(unit * outputs, (unit + items) * outputs),
    },
    target: target.subarray(j * outputs, (j + 1) * outputs),
  }
}

/** The random products that entry (row, column) chooses from, [items], and which are kept. */
export function entryItems(
  matrix: PrunedMatrix,
  row: number,
  column: number,
): { readonly value: number; readonly kept: boolean }[] {
  const { inputs, outputs, items, divisor, first, second, kept } = matrix
  return Array.from({ length: items }, (_, k) => {
    const unit = row * items + k
    return {
      value: (first[row * inputs * items + unit] * second[unit * outputs + column]) / divisor,
      kept: kept[unit * outputs + column] === 1,
    }
  })
}
