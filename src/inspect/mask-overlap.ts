/** What two masks of the same shape share, and how much of that is chance. */
import { getBit } from '../mask/index.js'

/** One of two masks of the same weights. */
export interface OneMask {
  /** Packed bits [weights], least significant first. */
  readonly mask: Uint8Array
  /** Which redrawing each kept weight is of, in index order: uint8 [kept]; null where all are 0. */
  readonly generations: Uint8Array | null
}

/** Where weights started: `of(start, size)` gives 0 to 127 for each, the part of the way to the largest |score|. */
export type Magnitudes = (start: number, size: number) => Uint8Array

/** Counts over one matrix; those of several matrices are added. */
export interface OverlapCounts {
  readonly weights: number
  /** Weights that each mask keeps. */
  readonly kept: readonly [number, number]
  /** Weights that both keep: the same place, and the same redrawing. */
  readonly both: number
  /** What random masks of these densities share. */
  readonly chance: Expectation
  /** The same of masks that keep as many weights of each starting magnitude; null where the two searches started apart. */
  readonly start: Expectation | null
}

/** Of random masks: the mean number of weights that both keep, and the variances k (n - k) / n of a weight being kept, summed over weights. */
export interface Expectation {
  readonly both: number
  readonly variances: readonly [number, number]
}

/** What two masks share, in numbers without units. Null where a mask is empty, or keeps everything. */
export interface Overlap {
  /** Kept by both over kept by either: the intersection over the union, 0 to 1. */
  readonly overlap: number | null
  /** The same at the mean number of shared weights of random masks: both = a b / n. */
  readonly chance: number | null
  /** The same of masks that know the starting scores alone. */
  readonly start: number | null
  /** Pearson's correlation of the two bits of a weight, within matrices: -1 to 1, 0 by chance. */
  readonly correlation: number | null
  /**
   * What is left of it among weights that started alike (partial correlation): 0 where the start explains all. Null also of fewer than
   * 2,048 weights, where there are less than 16 of a starting magnitude.
   */
  readonly beyondStart: number | null
}

const CHUNK = 1 << 16
const BINS = 128
/** A starting magnitude has at least so many weights on average, or nothing is said of what lies beyond it. */
const LEAST_OF_BIN = 16

/**
 * Counts what two masks share.
 * @param weights of the matrix
 * @param magnitudes where both searches started, or null
 */
export function countOverlap(
  weights: number,
  masks: readonly [OneMask, OneMask],
  magnitudes: Magnitudes | null,
): OverlapCounts {
  const bins = magnitudes === null ? 1 : BINS
  const counts = new Float64Array(bins)
  const kept = [new Float64Array(bins), new Float64Array(bins)] as const
  const [a, b] = masks
  let [both, keptA, keptB] = [0, 0, 0]
  for (let from = 0; from < weights; from += CHUNK) {
    const size = Math.min(CHUNK, weights - from)
    const places = magnitudes?.(from, size)
    for (let i = 0; i < size; i++) {
      const bin = places === undefined ? 0 : places[i]
      const bitA = getBit(a.mask, from + i)
      const bitB = getBit(b.mask, from + i)
      counts[bin]++
      kept[0][bin] += bitA
      kept[1][bin] += bitB
      if (bitA & bitB && (a.generations?.[keptA] ?? 0) === (b.generations?.[keptB] ?? 0)) both++
      keptA += bitA
      keptB += bitB
    }
  }
  const total = (values: Float64Array) => Float64Array.of(values.reduce((sum, value) => sum + value, 0))
  return {
    weights,
    kept: [keptA, keptB],
    both,
    chance: expectation(total(counts), [total(kept[0]), total(kept[1])]),
    start: magnitudes === null ? null : expectation(counts, kept),
  }
}

function expectation(counts: Float64Array, [a, b]: readonly [Float64Array, Float64Array]): Expectation {
  const over = (of: (n: number, bin: number) => number) =>
    counts.reduce((sum, n, bin) => sum + (n > 0 ? of(n, bin) / n : 0), 0)
  return {
    both: over((_, bin) => a[bin] * b[bin]),
    variances: [over((n, bin) => a[bin] * (n - a[bin])), over((n, bin) => b[bin] * (n - b[bin]))],
  }
}

/** The counts of several matrices together. @param all at least one */
export const sumOverlaps = (all: readonly OverlapCounts[]): OverlapCounts =>
  all.reduce((a, b) => ({
    weights: a.weights + b.weights,
    kept: [a.kept[0] + b.kept[0], a.kept[1] + b.kept[1]],
    both: a.both + b.both,
    chance: sumExpectations(a.chance, b.chance),
    start: a.start && b.start && sumExpectations(a.start, b.start),
  }))

const sumExpectations = (a: Expectation, b: Expectation): Expectation => ({
  both: a.both + b.both,
  variances: [a.variances[0] + b.variances[0], a.variances[1] + b.variances[1]],
})

/** What the counts say. */
export function overlapOf({ weights, kept: [a, b], both, chance, start }: OverlapCounts): Overlap {
  const ofUnion = (shared: number) => (a + b - shared > 0 ? shared / (a + b - shared) : null)
  const beyond = ({ both: mean, variances: [va, vb] }: Expectation) =>
    va > 0 && vb > 0 ? (both - mean) / Math.sqrt(va * vb) : null
  return {
    overlap: ofUnion(both),
    chance: ofUnion(chance.both),
    start: start && ofUnion(start.both),
    correlation: beyond(chance),
    beyondStart: start && weights >= LEAST_OF_BIN * BINS ? beyond(start) : null,
  }
}
