/** Methods that give each weight an integer: nested masks on one score, signed masks, learned levels. */
import {
  type CoatGroup,
  type CodedMemory,
  changedCodes,
  dotProduct,
  moveLatents,
  quantiseScores,
  quantiseValues,
  selectCoats,
  wearCodes,
} from '../kernels/index.js'
import { packedBytes } from '../mask/index.js'
import type { FoundWeights, MatrixSearch } from './algorithm.js'
import { gradientSquares } from './clip.js'
import type { Scales } from './scales.js'
import { clearRows, type UnusedRows } from './unused-rows.js'

/** What methods of codes share. */
export interface CodedOptions {
  readonly scales: Pick<Scales, 'of'>
  /** Rows that have no weights, by the name of their matrix. */
  readonly unused: ReadonlyMap<string, UnusedRows>
}

/**
 * Multicoated supermasks (Okoshi et al., ICML 2022): nested masks, each of the top scores, on one score; a weight counts as often as it is kept.
 * Scores learn along the gradient of |score|. Signed supermasks (Koster et al., ICLR 2022: keep, hide, invert) have one mask; a weight
 * of a negative score is negated, and scores learn along the gradient of the factor itself.
 */
export function createCoats(
  groups: readonly CoatGroup[],
  { isSigned, ...options }: CodedOptions & { readonly isSigned: boolean },
): MatrixSearch {
  const matrices = groups.flatMap((group) => group.matrices)
  return createCoded(matrices, options, {
    along: isSigned ? 'signed' : 'magnitude',
    select(newest) {
      for (const group of groups) selectCoats(group, newest, isSigned)
    },
    scaleOf: () => 1,
  })
}

/**
 * A supermask of several bits from a quantiser, after Ada-Sup (Okoshi et al., "TicketLLM", TMLR 2025): scores are rounded to multiples of a distance that
 * follows from their spread, nothing is sorted, and negative scores drop their weights. How the distance follows is ours: a part `keep` of a Gaussian of this
 * spread lies above its half. Scores learn along the gradient of the factor, as if they were not rounded.
 * @param quantisers of each matrix by its name: the distance over the standard deviation of the scores, and the largest factor
 */
export function createAdaSup(
  matrices: readonly CodedMemory[],
  quantisers: ReadonlyMap<string, { readonly distance: number; readonly most: number }>,
  options: CodedOptions,
): MatrixSearch {
  return createCoded(matrices, options, {
    along: 'signed',
    select(newest) {
      for (const matrix of matrices) {
        const { distance, most } = quantisers.get(matrix.name)!
        quantiseScores(matrix, newest, distanceOf(matrix, distance, options), most)
      }
    },
    scaleOf: () => 1,
  })
}

/** A distance in units of the root mean square of the latent numbers, as a float32 number. @throws RangeError where these have no spread */
function distanceOf(matrix: CodedMemory, relative: number, { unused }: Pick<CodedOptions, 'unused'>): number {
  const { name, latents, count } = matrix
  const spread = Math.sqrt(dotProduct(matrix, latents, latents) / (unused.get(name)?.used ?? count))
  const distance = Math.fround(relative * spread)
  if (distance > 0 && distance < Number.POSITIVE_INFINITY) return distance
  throw new RangeError(`"latents" of ${name} expected a finite spread above 0, got ${spread}`)
}

/**
 * Distance of the levels of a uniform quantiser, over the standard deviation of Gaussian values, that loses least in the mean square (Max,
 * "Quantizing for Minimum Distortion", 1960, table II).
 */
export const LEVEL_DISTANCES: Readonly<Record<number, number>> = { 3: 1.224, 4: 0.9957, 7: 0.6508, 15: 0.3534 }

/** The distance of so many levels, which follows from the root mean square of the values. @throws RangeError where these have no spread */
export const levelDistance = (matrix: CodedMemory, levels: number, options: Pick<CodedOptions, 'unused'>): number =>
  distanceOf(matrix, LEVEL_DISTANCES[levels], options)

/**
 * Learned values, rounded: the forward pass sees the levels, and the gradient goes to the values as if they were not rounded (a
 * straight-through estimator; Bengio et al. 2013). The levels' distance follows from the root mean square of the values at every step.
 * @param levels of each matrix by its name: 3, 4, 7 or 15
 */
export function createLevels(
  matrices: readonly CodedMemory[],
  levels: ReadonlyMap<string, number>,
  options: CodedOptions,
): MatrixSearch {
  const distances = new Map<string, number>()
  return createCoded(matrices, options, {
    along: 'value',
    select(newest) {
      for (const matrix of matrices) {
        const own = levels.get(matrix.name)!
        const distance = levelDistance(matrix, own, options)
        distances.set(matrix.name, distance)
        quantiseValues(matrix, newest, distance, own)
      }
    },
    // An even number of levels lies at odd multiples of half the distance.
    scaleOf: (name) => (levels.get(name)! % 2 === 0 ? distances.get(name)! / 2 : distances.get(name)!),
  })
}

interface CodedMethod {
  readonly along: Parameters<typeof moveLatents>[1]
  /** Writes the codes of all matrices into one of their two arrays. */
  select(newest: 0 | 1): void
  /** The scale of a matrix, float32, without the learned one. */
  scaleOf(name: string): number
}

function createCoded(
  matrices: readonly CodedMemory[],
  { scales, unused }: CodedOptions,
  { along, select, scaleOf }: CodedMethod,
): MatrixSearch {
  let newest: 0 | 1 = 0
  const worn = new Map<string, number>()
  const selectAll = () => {
    newest = newest === 0 ? 1 : 0
    select(newest)
    for (const matrix of matrices) {
      const { name, codes } = matrix
      clearRows(codes[newest], unused.get(name))
      const scale = Math.fround(scaleOf(name) * scales.of(name))
      worn.set(name, scale)
      wearCodes(matrix, newest, scale)
    }
  }
  const codesOf = (name: string): Int8Array => {
    const matrix = matrices.find((each) => each.name === name)
    if (matrix === undefined) throw new RangeError(`"name" expected a matrix with codes, got ${name}`)
    return matrix.codes[newest]
  }
  return {
    names: matrices.map(({ name }) => name),
    update(adamw) {
      for (const { name, gradient } of matrices) clearRows(gradient, unused.get(name))
      moveLatents(matrices, along, adamw)
      selectAll()
    },
    gradientSquares(name) {
      const matrix = matrices.find((each) => each.name === name)!
      clearRows(matrix.gradient, unused.get(name))
      return gradientSquares(matrix, along !== 'value')
    },
    select: selectAll,
    changed: () => matrices.reduce((sum, matrix) => sum + changedCodes(matrix), 0),
    mask: (name) => foundOfCodes(codesOf(name), 1).mask,
    kept: (name) => codesOf(name).reduce((sum, code) => sum + Number(code !== 0), 0),
    found: (name) => foundOfCodes(codesOf(name), worn.get(name) ?? 1),
    scale: (name) => worn.get(name) ?? 1,
  }
}

/**
 * Integers as nested masks: `mask` of those that are not 0, `coats[j]` of those of a magnitude of at least j + 2, as far as any has it, and `inverted` of
 * those below 0, where there are any. Packed bits, least significant first. A scale of 1 is left out.
 * @param codes int8 [count]
 */
export function foundOfCodes(codes: Int8Array, scale: number): FoundWeights {
  const most = codes.reduce((largest, code) => Math.max(largest, Math.abs(code)), 0)
  const empty = () => new Uint8Array(packedBytes(codes.length))
  const worn = Array.from({ length: Math.max(most, 1) }, empty)
  const inverted = empty()
  let negative = 0
  for (let i = 0; i < codes.length; i++) {
    const [byte, bit] = [i >>> 3, 1 << (i & 7)]
    for (let j = Math.abs(codes[i]) - 1; j >= 0; j--) worn[j][byte] |= bit
    if (codes[i] >= 0) continue
    inverted[byte] |= bit
    negative++
  }
  const [mask, ...coats] = worn
  return {
    mask,
    ...(coats.length > 0 ? { coats } : {}),
    ...(negative > 0 ? { inverted } : {}),
    ...(scale === 1 ? {} : { scale }),
  }
}
