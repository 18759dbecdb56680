/**
 * Random networks pruned to rotary attention, float64, in two ways (docs/rotary.md): one random rotary attention layer
 * (rotary-construction.ts), or two random layers for each of W_Q and W_K (factored-construction.ts). W_V and W_O are merged in both, as the paper
 * does. Query heads that share a value head share its random matrix: each chooses the masks of its own W_O.
 */
import type { Seed } from '../random/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'
import { multiply, sideBySide, takeColumns } from './matrix.js'
import type { MergedRotaryAttention } from './merged-rotary.js'
import { maskedMatrices, type PairJob, type PrunedPair, prunePairs } from './prune-pair.js'
import type { RotaryAttention, RotaryGroup, RotaryShape } from './rotary-attention.js'

/** Arguments of {@link RotaryConstruction.createSource}. */
export interface RotarySourceOptions extends RotaryShape {
  seed: Seed
  /** First stream that is read; {@link RotaryConstruction.streams} of them. */
  stream: number
  /** Query heads of each group, integers >= 1. */
  groups: readonly number[]
  /** Lemma 4's n, integer >= 0: hidden pairs of each frequency (n_K = d_K n), or units between two layers. */
  hidden: number
  /** n_V, integer >= 0. */
  valueWidth: number
}

/** A way to find rotary attention in a random network. The network is rotary attention itself, before and after pruning. */
export interface RotaryConstruction {
  readonly name: 'rotary' | 'factored'
  /** How many streams a source of these groups reads. */
  streams(groups: readonly number[]): number
  /** Draws the random network. */
  createSource(options: RotarySourceOptions): RotaryAttention
  /** The pairs that stand for the scores of a group and what each is to be. */
  scoreJobs(target: RotaryAttention, source: RotaryAttention, group: number): PairJob[]
  /** A_p and B_p of each head of the group, from the merged matrices of the pairs of {@link RotaryConstruction.scoreJobs}. */
  mergeScores(target: RotaryShape, weights: readonly Float64Array[]): { cosine: Float64Array; sine: Float64Array }[]
  /** W_K and the W_Q of a group at full source width, pruned weights 0. */
  maskScores(
    source: RotaryAttention,
    pairs: readonly PrunedPair[],
    group: number,
  ): Pick<RotaryGroup, 'key'> & { queries: RotaryGroup['key'][] }
}

/** A pruned source. */
export interface PrunedRotary {
  /** What the pruned source computes, by its merged matrices (fast). */
  merged: MergedRotaryAttention
  /** Masks and errors of each group; one pair for W_VO of all its heads, [d1, heads x d2]. */
  groups: { scores: PrunedPair[]; valueOutput: PrunedPair }[]
  /** The random network, before pruning. */
  source: RotaryAttention
}

/** The values of a group as one pair: W_V once, the W_O of its heads side by side. */
function valueJob(target: RotaryAttention, source: RotaryAttention, group: number): PairJob {
  const { inputs, outputs } = target
  const [wanted, random] = [target.groups[group], source.groups[group]]
  const [first, hidden] = [random.value[0], random.value[0].length / inputs]
  const width = wanted.value[0].length / inputs
  return {
    source: {
      inputs,
      hidden,
      outputs: wanted.heads.length * outputs,
      activation: 'linear',
      divisor: 1,
      first,
      second: sideBySide(
        random.heads.map(({ output }) => output[0]),
        hidden,
        outputs,
      ),
    },
    target: sideBySide(
      wanted.heads.map(({ output }) => multiply(wanted.value[0], output[0], inputs, width, outputs)),
      inputs,
      outputs,
    ),
  }
}

/**
 * Prunes many sources of one construction towards one target, all their subset sums in few solver calls.
 *
 * @param target every projection one matrix, frequencies all different
 * @returns one pruned network a source, in order
 * @throws RangeError where groups, heads or widths do not fit
 */
export function pruneRotary(
  construction: RotaryConstruction,
  solver: SubsetSumSolver,
  target: RotaryAttention,
  sources: readonly RotaryAttention[],
): PrunedRotary[] {
  checkTarget(target)
  const counts: number[] = []
  const jobs = sources.flatMap((source) => {
    checkSource(target, source)
    return target.groups.flatMap((_, g) => {
      const scores = construction.scoreJobs(target, source, g)
      counts.push(scores.length)
      return [...scores, valueJob(target, source, g)]
    })
  })
  const pairs = prunePairs(solver, jobs)
  let next = 0
  let group = 0
  const { inputs, outputs, frequencies } = target
  return sources.map((source) => {
    const groups = target.groups.map(() => {
      const scores = pairs.slice(next, next + counts[group])
      next += counts[group++] + 1
      return { scores, valueOutput: pairs[next - 1] }
    })
    const heads = groups.flatMap(({ scores, valueOutput }) =>
      construction
        .mergeScores(
          target,
          scores.map(({ weights }) => weights),
        )
        .map((merged, h) => {
          return { ...merged, valueOutput: takeColumns(valueOutput.weights, inputs, h * outputs, outputs) }
        }),
    )
    return { merged: { inputs, outputs, frequencies, heads }, groups, source }
  })
}

/** The masks applied literally: the source's own matrices at full width, pruned weights 0, run as rotary attention. */
export function literalRotary(construction: RotaryConstruction, pruned: PrunedRotary): RotaryAttention {
  const { source, groups, merged } = pruned
  return {
    ...source,
    groups: groups.map(({ scores, valueOutput }, g) => {
      const { key, queries } = construction.maskScores(source, scores, g)
      const { first, second } = maskedMatrices(valueOutput)
      const { hidden } = valueOutput.source
      return {
        key,
        value: [first],
        heads: queries.map((query, h) => {
          return { query, output: [takeColumns(second, hidden, h * merged.outputs, merged.outputs)] }
        }),
      }
    }),
  }
}

/** Throws RangeError unless the widths of a source are integers >= 0. */
export function checkWidths({ hidden, valueWidth }: RotarySourceOptions): void {
  for (const [name, value] of Object.entries({ hidden, valueWidth }))
    if (!Number.isInteger(value) || value < 0) throw new RangeError(`"${name}" expected an integer >= 0, got ${value}`)
}

function checkTarget({ inputs, frequencies, groups }: RotaryAttention): void {
  if (new Set(frequencies).size !== frequencies.length)
    throw new RangeError(`"frequencies" expected ${frequencies.length} different values, got ${frequencies.join(', ')}`)
  const size = 2 * inputs * frequencies.length
  groups.forEach(({ key, value, heads }, g) => {
    const projections = {
      key,
      value,
      ...Object.fromEntries(
        heads.flatMap(({ query, output }, h) => [
          [`heads[${h}].query`, query],
          [`heads[${h}].output`, output],
        ]),
      ),
    }
    for (const [name, projection] of Object.entries(projections)) {
      if (projection.length !== 1)
        throw new RangeError(`"target.groups[${g}].${name}" expected one matrix, got ${projection.length}`)
      if (/key|query/.test(name) && projection[0].length !== size)
        throw new RangeError(`"target.groups[${g}].${name}" expected ${size} values, got ${projection[0].length}`)
    }
  })
}

function checkSource(target: RotaryAttention, source: RotaryAttention): void {
  for (const name of ['inputs', 'outputs'] as const)
    if (source[name] !== target[name])
      throw new RangeError(`"source.${name}" expected ${target[name]}, got ${source[name]}`)
  const heads = ({ groups }: RotaryAttention): string => groups.map((group) => group.heads.length).join(', ')
  if (heads(source) !== heads(target))
    throw new RangeError(`"source.groups" expected ${heads(target)} query heads, got ${heads(source)}`)
}
