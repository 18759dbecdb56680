/** Which method finds the weights of each matrix: the algorithm's, or for tables and an untied head that of `embeddings`. */
import { matricesOf } from '../families/family.js'
import { isLinearMap } from '../families/parameter.js'
import { densitiesOf } from './densities.js'
import {
  coatFractions,
  type EmbeddingMethod,
  type LevelWord,
  levelCounts,
  type MethodSettings,
} from './method-settings.js'
import { quantisedShares } from './score-quantiser.js'

/** How the weights of one matrix are found. */
export type MatrixMethod =
  /** A mask: the top scores are kept. */
  | { readonly kind: 'mask'; readonly keep: number }
  /** Nested masks on one score, from the widest; signed ones negate weights of negative scores. */
  | { readonly kind: 'coats'; readonly keeps: readonly number[]; readonly isSigned: boolean }
  /** A quantiser of one score, with thresholds from its spread that make about `keep` of the weights count, each 1 to `most` times. */
  | { readonly kind: 'quantised'; readonly keep: number; readonly most: number }
  /** Masks drawn at every step, with a learned probability for each weight. */
  | { readonly kind: 'sampled'; readonly keep: number }
  /** Learned values, rounded to so many levels. */
  | { readonly kind: 'levels'; readonly levels: number }

/** The method of each matrix by its name. */
export function matrixMethods(settings: MethodSettings): ReadonlyMap<string, MatrixMethod> {
  const keeps = densitiesOf(settings)
  return new Map(
    matricesOf(settings.config).map((matrix) => {
      const { embeddings } = settings
      const isEmbedding = !isLinearMap(matrix.role)
      const method = isEmbedding && embeddings ? embeddingMethod(embeddings, settings.keep) : undefined
      return [matrix.name, method ?? algorithmMethod(settings, keeps.get(matrix.name)!)]
    }),
  )
}

/** Most coats in ada-sup: a ternary supermask is of 0, 1 and 2, one of b bits of 0 to 2^b - 1. */
const coatCounts: Readonly<Record<LevelWord, number>> = { ternary: 2, '2': 3, '3': 7, '4': 15 }

/** @param keep of the matrix */
function algorithmMethod({ algorithm, keep: all, coats = [], levels }: MethodSettings, keep: number): MatrixMethod {
  switch (algorithm) {
    case 'levels':
      return { kind: 'levels', levels: levelCounts[levels!] }
    case 'ada-sup':
      return { kind: 'quantised', keep, most: coatCounts[levels!] }
    case 'sampled':
      return { kind: 'sampled', keep }
    case 'multicoated':
      return { kind: 'coats', keeps: [keep, ...coats.map((coat) => (coat * keep) / all)], isSigned: false }
    case 'signed':
      return { kind: 'coats', keeps: [keep], isSigned: true }
    default:
      return { kind: 'mask', keep }
  }
}

function embeddingMethod(embeddings: EmbeddingMethod, keep: number): MatrixMethod {
  if ('bits' in embeddings) return { kind: 'levels', levels: levelCounts[`${embeddings.bits}`] }
  if ('keep' in embeddings) return { kind: 'mask', keep: embeddings.keep }
  return { kind: 'coats', keeps: coatFractions(keep, embeddings.coats), isSigned: false }
}

/** How each matrix of a run lies in memory, by its name. */
export function memoryKinds(
  settings: MethodSettings & { readonly kind: 'search' | 'train' },
): (name: string) => 'ticket' | 'coded' | 'dense' {
  if (settings.kind === 'train') return () => 'dense'
  const methods = matrixMethods(settings)
  return (name) => (methods.get(name)!.kind === 'mask' ? 'ticket' : 'coded')
}

/**
 * Mean of k^2 over the weights, with k the number of coats: what a random weight's variance is multiplied by. Coat j adds j^2 - (j - 1)^2 to its
 * share of the weights. Of one mask it is `keep`.
 */
export function secondMoment(method: MatrixMethod): number {
  switch (method.kind) {
    case 'levels':
      return 1
    default:
      return coatShares(method).reduce((sum, share, j) => sum + share * (2 * j + 1), 0)
  }
}

/** Parts of the weights that wear at least 1, 2, ... coats; of one mask `keep` alone. */
function coatShares(method: Exclude<MatrixMethod, { kind: 'levels' }>): readonly number[] {
  switch (method.kind) {
    case 'mask':
    case 'sampled':
      return [method.keep]
    case 'quantised':
      return quantisedShares(method)
    case 'coats':
      return method.keeps
  }
}

/**
 * Part of the weights whose number of coats, or sign, changes where a mask is drawn anew: 1 - sum p_j^2, with p_j the part that has j coats. Of one mask
 * it is 2 k (1 - k). 0 of learned values, which have no mask.
 */
export function redrawnPart(method: MatrixMethod): number {
  if (method.kind === 'levels') return 0
  const shares = [1, ...coatShares(method)]
  const signs = method.kind === 'coats' && method.isSigned ? 2 : 1 // equally many of each
  const same = shares.map((share, j) => (share - (shares[j + 1] ?? 0)) ** 2 / (j === 0 ? 1 : signs))
  return 1 - same.reduce((sum, part) => sum + part, 0)
}
