/** What two masks of the same shape share, and how much of that is chance. */
import { copiedRows, getBit, type RowCopies } from '../mask/index.js'
import { part } from './report.js'

/** One of two masks of the same weights. */
export interface OneMask {
  /** Packed bits [weights], least significant first. */
  readonly mask: Uint8Array
  /** Which redrawing each kept weight is of, in index order: uint8 [kept]; null where all are 0. */
  readonly generations: Uint8Array | null
  /** Packed bits [weights] of the second coat, the third, and so on. */
  readonly coats: readonly Uint8Array[]
  /** Packed bits [weights] of the kept weights with the opposite of their random sign; null where there are none. */
  readonly inverted: Uint8Array | null
  /** Rows that are copies of another one's weights; null or absent where none is. */
  readonly copies?: RowCopies | null
}

/** Where weights started: `of(start, size)` gives 0 to 127 for each, the part of the way to the largest |score|. */
export type Magnitudes = (start: number, size: number) => Uint8Array

/** Counts over one matrix; those of several matrices are added. */
export interface OverlapCounts {
  /** But for those that are copies in both. */
  readonly weights: number
  /** Weights that each mask keeps. */
  readonly kept: readonly [number, number]
  /** Weights that both keep: the same place, and the same redrawing. */
  readonly both: number
  /** What random masks of these densities share. */
  readonly chance: Expectation
  /** The same of masks that keep as many weights of each starting magnitude; null where the two searches started apart. */
  readonly start: Expectation | null
  /** Weights that both keep with the same sign; null where one of the masks inverts none. */
  readonly signs: Agreement | null
  /** Weights that both keep in as many coats; null where one of the masks has one alone. */
  readonly coats: Agreement | null
}

/** Of the weights that both masks keep: how many agree in something, and how many would if it were dealt among them at random. */
export interface Agreement {
  /** Weights that both masks keep, in matrices where there is something to agree in. */
  readonly of: number
  readonly same: number
  readonly chance: number
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
  /** Part of the weights that both keep which have the same sign in both, and what chance gives; null where one of the masks inverts none. */
  readonly signs: Omit<Agreement, 'of'> | null
  /** The same of the number of coats; null where one of the masks has one alone. */
  readonly coats: Omit<Agreement, 'of'> | null
}

const CHUNK = 1 << 16
const BINS = 128
/** A starting magnitude has at least so many weights on average, or nothing is said of what lies beyond it. */
const LEAST_OF_BIN = 16

/**
 * Counts what two masks share. Weights that are copies in both are left out: no mask chooses among them.
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
  const signs = a.inverted && b.inverted ? agreement(2) : null
  const coats =
    a.coats.length > 0 && b.coats.length > 0 ? agreement(Math.max(a.coats.length, b.coats.length) + 1) : null
  const isCopy = copiesOfBoth(masks)
  let [both, counted, keptA, keptB] = [0, 0, 0, 0]
  for (let from = 0; from < weights; from += CHUNK) {
    const size = Math.min(CHUNK, weights - from)
    const places = magnitudes?.(from, size)
    for (let i = 0; i < size; i++) {
      if (isCopy?.(from + i)) continue
      counted++
      const bin = places === undefined ? 0 : places[i]
      const bitA = getBit(a.mask, from + i)
      const bitB = getBit(b.mask, from + i)
      counts[bin]++
      kept[0][bin] += bitA
      kept[1][bin] += bitB
      if (bitA & bitB && (a.generations?.[keptA] ?? 0) === (b.generations?.[keptB] ?? 0)) {
        both++
        signs?.add(signOf(a, from + i), signOf(b, from + i))
        coats?.add(coatsOf(a, from + i), coatsOf(b, from + i))
      }
      keptA += bitA
      keptB += bitB
    }
  }
  const total = (values: Float64Array) => Float64Array.of(values.reduce((sum, value) => sum + value, 0))
  return {
    weights: counted,
    kept: [keptA, keptB],
    both,
    chance: expectation(total(counts), [total(kept[0]), total(kept[1])]),
    start: magnitudes === null ? null : expectation(counts, kept),
    signs: signs?.done(both) ?? null,
    coats: coats?.done(both) ?? null,
  }
}

/** Whether a weight is a copy in both; undefined where none is. */
function copiesOfBoth([{ copies: a }, { copies: b }]: readonly [OneMask, OneMask]) {
  if (!a || !b) return undefined
  const rows = new Set(copiedRows(a).filter((row) => !getBit(b.own, row)))
  return (weight: number): boolean => rows.has(Math.floor(weight / a.columns))
}

const signOf = ({ inverted }: OneMask, i: number): number => (inverted ? getBit(inverted, i) : 0)

/** Coats of a kept weight beyond the first. */
function coatsOf({ coats }: OneMask, i: number): number {
  let worn = 0
  while (worn < coats.length && getBit(coats[worn], i)) worn++
  return worn
}

/** Counts how often two things of so many kinds are the same. */
function agreement(kinds: number) {
  const [ofA, ofB] = [new Float64Array(kinds), new Float64Array(kinds)]
  let same = 0
  return {
    add(one: number, other: number) {
      ofA[one]++
      ofB[other]++
      if (one === other) same++
    },
    done(all: number): Agreement {
      return { of: all, same, chance: all > 0 ? ofA.reduce((sum, count, kind) => sum + count * ofB[kind], 0) / all : 0 }
    },
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
    signs: sumAgreements([a, b], ({ signs }) => signs),
    coats: sumAgreements([a, b], ({ coats }) => coats),
  }))

function sumAgreements(
  all: readonly OverlapCounts[],
  of: (counts: OverlapCounts) => Agreement | null,
): Agreement | null {
  const found = all.map(of).filter((one) => one !== null)
  if (found.length === 0) return null
  const sum = (name: keyof Agreement) => found.reduce((total, one) => total + one[name], 0)
  return { of: sum('of'), same: sum('same'), chance: sum('chance') }
}

const sumExpectations = (a: Expectation, b: Expectation): Expectation => ({
  both: a.both + b.both,
  variances: [a.variances[0] + b.variances[0], a.variances[1] + b.variances[1]],
})

/** What the counts say. */
export function overlapOf({ weights, kept: [a, b], both, chance, start, signs, coats }: OverlapCounts): Overlap {
  const ofUnion = (shared: number) => (a + b - shared > 0 ? shared / (a + b - shared) : null)
  const partsOf = ({ of, same, chance: mean }: Agreement) => ({ same: part(same, of), chance: part(mean, of) })
  const beyond = ({ both: mean, variances: [va, vb] }: Expectation) =>
    va > 0 && vb > 0 ? (both - mean) / Math.sqrt(va * vb) : null
  return {
    overlap: ofUnion(both),
    chance: ofUnion(chance.both),
    start: start && ofUnion(start.both),
    correlation: beyond(chance),
    beyondStart: start && weights >= LEAST_OF_BIN * BINS ? beyond(start) : null,
    signs: signs && partsOf(signs),
    coats: coats && partsOf(coats),
  }
}
