/**
 * Lemma 4/7, float64: two pruned random layers stand for one matrix W [inputs, outputs], y = x W. The hidden units are
 * split into one group per input coordinate; a unit sees its group's coordinate alone (the first mask is one-hot), and
 * entry (j, i) of W is the subset-sum problem over the products of group j. With a ReLU between (Pensia et al. 2020),
 * `w x = w relu(x) - w relu(-x)`: units with positive first weights serve the first term, those with negative ones the
 * second, so an entry is two problems, both over products first * second and both with target w.
 *
 * This is the paper's own setting, for figures: many small sources in memory, float64, any width, ReLU too.
 * prune-matrix.ts does the same for one large float32 pair, a column of the pair at a time over worker threads.
 */
import { packedBytes, zeroDropped } from '../mask/index.js'
import { expectedGap, type SubsetSumSolver } from '../subset-sum/index.js'

/** Two random layers, before pruning: `(act(x first)) second / divisor`. */
export interface SourcePair {
  inputs: number
  /** Source width n, integer >= 0. Group j holds units floor(j n / inputs)..floor((j+1) n / inputs)-1: equal groups where
   * inputs divides n, else sizes differ by one at most. */
  hidden: number
  outputs: number
  activation: 'linear' | 'relu'
  /** sqrt(n) for query/key pairs, else 1. */
  divisor: number
  /** [inputs, hidden]. */
  first: Float64Array
  /** [hidden, outputs]. */
  second: Float64Array
}

/** A source pair, its masks and what they achieve. */
export interface PrunedPair {
  source: SourcePair
  /** Input coordinate seen by each hidden unit (the ones of the first mask), [hidden]. */
  coordinate: Uint16Array
  /** Second mask, bits of [hidden, outputs] row-major, bit i is bit `i & 7` of byte `i >> 3`. */
  second: Uint8Array
  /** The matrix the pruned pair stands for, [inputs, outputs]; for x >= 0 where the pair has a ReLU. */
  weights: Float64Array
  /** With a ReLU: the matrix for x < 0, [inputs, outputs]. */
  negativeWeights?: Float64Array
  /** Achieved minus wanted entry of each problem: [inputs, outputs] or, with a ReLU, [2, inputs, outputs]. */
  errors: Float64Array
  /** 1 where the target lay within reach of its items, shaped as `errors`. */
  reachable: Uint8Array
  /** Mean gap expected of such items and target (paper.md), shaped as `errors`; Infinity without items. */
  expectedGaps: Float64Array
}

/** A pair to prune and the matrix it shall stand for, [inputs, outputs]. */
export interface PairJob {
  source: SourcePair
  target: Float64Array
}

/** First unit of group j; group `inputs` ends at `hidden`. */
export function groupStart(j: number, inputs: number, hidden: number): number {
  return Math.floor((j * hidden) / inputs)
}

/** Problems waiting for the solver, of one item count. */
interface Bucket {
  /** Which (job, problem) each came from. */
  job: number[]
  problem: number[]
  /** Hidden units behind the items, count x itemCount. */
  units: number[]
  items: number[]
  targets: number[]
}

/** At most this many items go to the solver in one call (memory, not speed). */
const BATCH_ITEMS = 1 << 20

function checkJob({ source, target }: PairJob): void {
  const { inputs, hidden, outputs, first, second } = source
  if (target.length !== inputs * outputs)
    throw new RangeError(`"target" expected ${inputs} x ${outputs} values, got ${target.length}`)
  if (first.length !== inputs * hidden)
    throw new RangeError(`"first" expected ${inputs} x ${hidden} values, got ${first.length}`)
  if (second.length !== hidden * outputs)
    throw new RangeError(`"second" expected ${hidden} x ${outputs} values, got ${second.length}`)
  if (inputs > 0xffff) throw new RangeError(`"inputs" expected at most 65535, got ${inputs}`)
}

function emptyPair({ source }: PairJob): PrunedPair {
  const { inputs, hidden, outputs, activation } = source
  const entries = inputs * outputs
  const problems = activation === 'relu' ? 2 * entries : entries
  const coordinate = new Uint16Array(hidden)
  for (let j = 0; j < inputs; j++) coordinate.fill(j, groupStart(j, inputs, hidden), groupStart(j + 1, inputs, hidden))
  return {
    source,
    coordinate,
    second: new Uint8Array(packedBytes(hidden * outputs)),
    weights: new Float64Array(entries),
    ...(activation === 'relu' ? { negativeWeights: new Float64Array(entries) } : {}),
    errors: new Float64Array(problems),
    reachable: new Uint8Array(problems),
    expectedGaps: new Float64Array(problems).fill(Number.POSITIVE_INFINITY),
  }
}

/** Units of group j: all of them, or with a ReLU those with positive (half 0) or with negative (half 1) first weight. */
function unitsOf(source: SourcePair, j: number, half: number): number[] {
  const { inputs, hidden, activation, first } = source
  const units: number[] = []
  for (let k = groupStart(j, inputs, hidden); k < groupStart(j + 1, inputs, hidden); k++) {
    const negative = first[j * hidden + k] < 0 ? 1 : 0
    if (activation === 'linear' || negative === half) units.push(k)
  }
  return units
}

/**
 * Prunes many pairs at once; all problems of equal size go to the solver together.
 *
 * @returns one pruned pair a job, in order; deterministic for a deterministic solver
 * @throws RangeError where shapes do not fit
 */
export function prunePairs(solver: SubsetSumSolver, jobs: readonly PairJob[]): PrunedPair[] {
  const pruned = jobs.map((job) => {
    checkJob(job)
    return emptyPair(job)
  })
  const buckets = new Map<number, Bucket>()
  const flush = (itemCount: number, bucket: Bucket): void => {
    settle(solver, itemCount, bucket, jobs, pruned)
    buckets.delete(itemCount)
  }
  jobs.forEach(({ source, target }, job) => {
    const { inputs, hidden, outputs, activation, divisor, first, second } = source
    for (let half = 0; half < (activation === 'relu' ? 2 : 1); half++)
      for (let j = 0; j < inputs; j++) {
        const units = unitsOf(source, j, half)
        let bucket = buckets.get(units.length)
        if (!bucket) {
          bucket = { job: [], problem: [], units: [], items: [], targets: [] }
          buckets.set(units.length, bucket)
        }
        for (let i = 0; i < outputs; i++) {
          bucket.job.push(job)
          bucket.problem.push((half * inputs + j) * outputs + i)
          bucket.targets.push(target[j * outputs + i])
          for (const k of units) {
            bucket.units.push(k)
            bucket.items.push((first[j * hidden + k] * second[k * outputs + i]) / divisor)
          }
        }
        if (bucket.items.length >= BATCH_ITEMS) flush(units.length, bucket)
      }
  })
  for (const [itemCount, bucket] of buckets) settle(solver, itemCount, bucket, jobs, pruned)
  return pruned
}

/** Solves a bucket and writes masks, weights and statistics where they belong. */
function settle(
  solver: SubsetSumSolver,
  itemCount: number,
  bucket: Bucket,
  jobs: readonly PairJob[],
  pruned: PrunedPair[],
): void {
  const items = Float64Array.from(bucket.items)
  const targets = Float64Array.from(bucket.targets)
  const solution = itemCount === 0 ? undefined : solver.solve({ itemCount, items, targets })
  const words = Math.ceil(itemCount / 32)
  for (let c = 0; c < targets.length; c++) {
    const pair = pruned[bucket.job[c]]
    const { inputs, outputs } = jobs[bucket.job[c]].source
    const problem = bucket.problem[c]
    const entry = problem % (inputs * outputs)
    let sum = 0
    for (let k = 0; solution && k < itemCount; k++) {
      if (((solution.masks[c * words + (k >> 5)] >>> (k & 31)) & 1) === 0) continue
      const bit = bucket.units[c * itemCount + k] * outputs + (entry % outputs)
      pair.second[bit >> 3] |= 1 << (bit & 7)
      sum += items[c * itemCount + k]
    }
    const weights = problem === entry ? pair.weights : (pair.negativeWeights as Float64Array)
    weights[entry] = sum
    pair.errors[problem] = sum - targets[c]
    pair.reachable[problem] = solution ? solution.reachable[c] : targets[c] === 0 ? 1 : 0
    if (solution)
      pair.expectedGaps[problem] = expectedGap(items.subarray(c * itemCount, (c + 1) * itemCount), targets[c])
  }
}

/**
 * The masks applied literally: both random matrices with their pruned weights set to 0.
 *
 * @returns first [inputs, hidden], second [hidden, outputs]
 */
export function maskedMatrices(pair: PrunedPair): { first: Float64Array; second: Float64Array } {
  const { inputs, hidden, first, second } = pair.source
  const maskedFirst = new Float64Array(inputs * hidden)
  for (let k = 0; k < hidden; k++) {
    const at = pair.coordinate[k] * hidden + k
    maskedFirst[at] = first[at]
  }
  const maskedSecond = second.slice()
  zeroDropped(maskedSecond, pair.second)
  return { first: maskedFirst, second: maskedSecond }
}
