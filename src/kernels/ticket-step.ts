import { keptCount } from '../mask/index.js'
import { type AdamW, adamwFactors } from './adamw.js'
import type { Kernels } from './kernels.js'
import type { TicketMemory } from './parameter-memory.js'
import { type Keys, type Threshold, thresholdOf } from './threshold.js'
import { createThresholdWindow, type ThresholdWindow } from './threshold-window.js'

/** Whether each matrix keeps its own fraction, or all together keep one. */
export const selections = ['per-layer', 'global'] as const
export type Selection = (typeof selections)[number]

export interface TicketOptions {
  /** Kept fraction, 0 < keep <= 1; of n weights `keptCount(n, keep)` are kept. */
  readonly keep: number
  readonly selection: Selection
  /** Kept fractions of single matrices, where they differ from `keep`; each is selected by itself then. */
  readonly keeps?: ReadonlyMap<string, number> | undefined
  /** Weights of a matrix that its fraction is of, an integer from 1 to all of them, by its name; default: all. The others' scores are 0. */
  readonly counts?: ReadonlyMap<string, number> | undefined
}

/** How many weights the matrices of a group keep together. */
export function keptOf(
  group: readonly { readonly name: string; readonly count: number }[],
  { keep, keeps, counts }: Pick<TicketOptions, 'keep' | 'keeps' | 'counts'>,
): number {
  const fraction = (group.length === 1 ? keeps?.get(group[0].name) : undefined) ?? keep
  return keptCount(
    group.reduce((sum, { name, count }) => sum + (counts?.get(name) ?? count), 0),
    fraction,
  )
}

/**
 * One step of edge-popup (Ramanujan et al., "What's Hidden in a Randomly Weighted Neural Network?", CVPR 2020) on all
 * matrices: the scores learn, and the weights with the largest |score| are the ones that count. Of equal scores those of
 * the earlier matrix, and there those of the lower index, are kept; exactly as many as asked for.
 */
export interface TicketStep {
  /**
   * Moves the scores by AdamW along dL/dscore = dL/dW_eff * W * sign(score) (the gradient of |score|; sign 0 is 0), reading
   * `gradient`, and then selects.
   * @throws RangeError naming the matrix when a score becomes NaN; scores and masks are then of no further use
   */
  update(adamw: AdamW): void
  /** Writes masks and effective weights from the scores as they are. @throws RangeError for a NaN among them */
  select(): void
  /** The mask as packed bits, least significant bit first: a copy. @throws RangeError for an unknown name */
  mask(name: string): Uint8Array
  /** How many weights of a matrix are kept. */
  kept(name: string): number
  /** How many mask bits, of all matrices, the last update or selection flipped. */
  changed(): number
}

/** The step in WebAssembly. */
export interface WasmTicketStep extends TicketStep {
  /** How many selections so far had to count all scores, because the expected window missed the threshold. */
  fullSelections(): number
}

/** Matrices that share a threshold. */
interface Group {
  readonly matrices: readonly TicketMemory[]
  readonly count: number
  readonly kept: number
  readonly window: ThresholdWindow
}

/** What one pass over a matrix found. */
interface Found {
  readonly above: number
  readonly candidates: number
}

/** @param matrices the `tickets` of a parameter memory; at least one */
export function createTicketStep(matrices: readonly TicketMemory[], options: TicketOptions): WasmTicketStep {
  const groups = groupsOf(matrices, options)
  const instances = [...new Set(matrices.map(({ kernels }) => kernels))]
  let newest: 0 | 1 = 0
  let flips = 0
  let full = 0

  const selectFrom = (group: Group, threshold: Threshold, take: (matrix: TicketMemory, ties: number) => number) => {
    let { ties } = threshold
    for (const matrix of group.matrices) ties = take(matrix, ties)
  }

  /** Selection among all scores: the first time, and when the window missed. */
  const selectAll = (group: Group): Threshold => {
    full++
    const threshold = thresholdOf(group.matrices.map(scoresOf), group.kept)
    selectFrom(group, threshold, ({ kernels, weights, effective, scores, bits, count }, ties) =>
      kernels.exports.applyThreshold(
        weights.byteOffset,
        effective.byteOffset,
        scores.byteOffset,
        bits[newest].byteOffset,
        count,
        threshold.key,
        ties,
      ),
    )
    return threshold
  }

  /** Selection among the scores in the window; those above it are kept already. */
  const selectListed = (group: Group, found: readonly Found[], k: number): Threshold => {
    const lists = group.matrices.map(({ kernels, candidateKeys }, i) => {
      return { kernels, address: candidateKeys.byteOffset, count: found[i].candidates }
    })
    const threshold = thresholdOf(lists, k)
    let i = 0
    selectFrom(group, threshold, ({ kernels, weights, effective, bits, candidateKeys, candidateIndices }, ties) =>
      kernels.exports.keepCandidates(
        weights.byteOffset,
        effective.byteOffset,
        bits[newest].byteOffset,
        candidateKeys.byteOffset,
        candidateIndices.byteOffset,
        found[i++].candidates,
        threshold.key,
        ties,
      ),
    )
    return threshold
  }

  const updateGroup = (group: Group) => {
    const { low, high } = group.window.bounds()
    const found = group.matrices.map((matrix) => updateScores(matrix, matrix.bits[newest], low, high))
    const above = found.reduce((sum, each) => sum + each.above, 0)
    const candidates = found.reduce((sum, each) => sum + each.candidates, 0)
    const overflowed = found.some((each, i) => each.candidates > group.matrices[i].candidateKeys.length)
    const wanted = group.kept - above
    const isInside = wanted > 0 && wanted <= candidates && !overflowed
    const threshold = isInside ? selectListed(group, found, wanted) : selectAll(group)
    group.window.learn(threshold.key, candidates / group.count, overflowed)
  }

  const countFlips = () => {
    flips = 0
    for (const { kernels, bits, count } of matrices) {
      flips += kernels.exports.countFlips(bits[0].byteOffset, bits[1].byteOffset, Math.ceil(count / 128) * 16)
    }
  }

  const find = (name: string): TicketMemory => {
    const matrix = matrices.find((each) => each.name === name)
    if (matrix === undefined) throw new RangeError(`"name" expected a matrix with a mask, got ${name}`)
    return matrix
  }

  return {
    update(adamw) {
      for (const kernels of instances) setAdamW(kernels, adamw)
      newest = newest === 0 ? 1 : 0
      for (const group of groups) updateGroup(group)
      countFlips()
    },
    select() {
      for (const matrix of matrices) refuseNaN(matrix)
      newest = newest === 0 ? 1 : 0
      for (const group of groups) group.window.learn(selectAll(group).key, 0, false)
      countFlips()
    },
    mask: (name) => find(name).bits[newest].slice(),
    kept(name) {
      let ones = 0
      for (let byte of find(name).bits[newest]) for (; byte; byte &= byte - 1) ones++
      return ones
    },
    changed: () => flips,
    fullSelections: () => full,
  }
}

function groupsOf(matrices: readonly TicketMemory[], options: TicketOptions): Group[] {
  const { selection } = options
  if (matrices.length === 0) throw new RangeError('"matrices" expected at least one, got none')
  if (!selections.includes(selection)) {
    throw new RangeError(`"selection" expected ${selections.join(' or ')}, got ${selection}`)
  }
  const parts = selection === 'global' ? [matrices] : matrices.map((matrix) => [matrix])
  return parts.map((part) => {
    const count = part.reduce((sum, matrix) => sum + matrix.count, 0)
    return { matrices: part, count, kept: keptOf(part, options), window: createThresholdWindow() }
  })
}

const scoresOf = ({ kernels, scores, count }: TicketMemory): Keys => ({ kernels, address: scores.byteOffset, count })

/** Sets the step of an instance's coming updates. */
export function setAdamW({ exports }: Kernels, adamw: AdamW): void {
  const { decay, beta1, gain1, beta2, gain2, stepSize, root, epsilon } = adamwFactors(adamw)
  exports.setAdamW(decay, beta1, gain1, beta2, gain2, stepSize, root, epsilon)
}

/** The pass over the arrays of one matrix. */
function updateScores(matrix: TicketMemory, bits: Uint8Array, low: number, high: number): Found {
  const { exports } = matrix.kernels
  exports.updateScores(
    matrix.weights.byteOffset,
    matrix.effective.byteOffset,
    matrix.gradient.byteOffset,
    matrix.scores.byteOffset,
    matrix.momentum.byteOffset,
    matrix.variance.byteOffset,
    bits.byteOffset,
    matrix.candidateKeys.byteOffset,
    matrix.candidateIndices.byteOffset,
    matrix.candidateKeys.length,
    matrix.count,
    low,
    high,
  )
  const [above, candidates, hasNaN] = new Uint32Array(exports.memory.buffer, exports.foundAt(), 3)
  if (hasNaN) refuseNaN(matrix)
  return { above, candidates }
}

function refuseNaN({ name, kernels, scores, count }: TicketMemory): void {
  const index = kernels.exports.findNaN(scores.byteOffset, count)
  if (index < count) throw new RangeError(`"scores" of ${name} expected numbers, got NaN at index ${index}`)
}
