/** The settings that say how weights are found, as a run records them and as a user may ask for them. */
import type { BaseConfig } from '../families/config.js'
import type { MatrixRole } from '../families/parameter.js'
import type { Selection } from '../kernels/ticket-step.js'

/** `levels` learns values of a few bits, which are not random: the rival of all others. */
export const algorithms = [
  'edge-popup',
  'annealed',
  'iterand',
  'biprop',
  'signed',
  'multicoated',
  'ada-sup',
  'sampled',
  'levels',
] as const
export type AlgorithmName = (typeof algorithms)[number]

/** Levels by the word of `--levels` and the bits of `--embedding-bits`: 3 and 4 bits have an odd number, so that zero is one of them. */
export const levelCounts = { ternary: 3, '2': 4, '3': 7, '4': 15 } as const
export type LevelWord = keyof typeof levelCounts
export const levelWords = ['ternary', '2', '3', '4'] as const satisfies readonly LevelWord[]

/** Fractions by role (the other roles share what is left), or `erk`. */
export type Densities = 'erk' | Readonly<Partial<Record<MatrixRole, number>>>

/** How tables and an untied head are found, where not as the linear maps are. */
export type EmbeddingMethod = { readonly bits: 2 | 3 | 4 } | { readonly coats: number } | { readonly keep: number }

/** What is at its default is absent, as in runs that began before there was a choice. */
export interface MethodSettings {
  readonly config: BaseConfig
  readonly algorithm: AlgorithmName | 'dense'
  /** Fraction of weights kept, 0 < keep <= 1; 1 in training, and where values are learned (`levels`). */
  readonly keep: number
  /** Whether each matrix keeps its own top weights, or one threshold holds for all. */
  readonly selection: Selection
  /** Multicoated: kept fractions of the coats from the second on, not growing; absent elsewhere. */
  readonly coats?: readonly number[]
  /** Annealed, and levels with a softness: part of the steps in which masks or levels are soft, 0 < anneal < 1; absent elsewhere. */
  readonly anneal?: number
  /** Annealed: temperature at the start over the standard deviation of a matrix' |scores|, > 0. Levels: over their distance; absent: they are hard. */
  readonly softness?: number
  /** Levels of learned values, or of the numbers of coats in ada-sup; absent elsewhere. */
  readonly levels?: LevelWord
  /** Kept fractions of single matrices. Absent: `keep` for all. */
  readonly densities?: Densities
  /** How tables and an untied head are found. Absent: as the linear maps are. */
  readonly embeddings?: EmbeddingMethod
  /** Whether each matrix has a learned scale. Absent: none has. */
  readonly scales?: 'learned'
  /** What becomes of the rows of tokens that the training text lacks. Absent: nothing, they are searched like others. */
  readonly unusedRows?: 'drop' | 'share'
}

/** Settings whose defaults follow from the algorithm. */
export const methodNames = ['anneal', 'softness', 'coats', 'levels'] as const

/** What a user may ask for; what is absent has a default. */
export interface MethodChoice {
  readonly algorithm?: AlgorithmName | undefined
  readonly keep?: number | undefined
  readonly selection?: Selection | undefined
  /** Multicoated; default: keep^2, keep^3. */
  readonly coats?: readonly number[] | undefined
  /** Annealed, and levels with a softness; default: 0.95. */
  readonly anneal?: number | undefined
  /** Annealed, default: 1; levels, default: they are hard from the start. */
  readonly softness?: number | undefined
  /** Default for the algorithms levels and ada-sup: ternary. */
  readonly levels?: LevelWord | undefined
  /** `uniform` (default), `erk`, or fractions by role. */
  readonly densities?: Densities | 'uniform' | undefined
  readonly embeddings?: EmbeddingMethod | undefined
  readonly scales?: 'none' | 'learned' | undefined
  readonly unusedRows?: 'keep' | 'drop' | 'share' | undefined
}

/**
 * Fractions of nested masks where none are given: keep, keep^2, keep^3, ... At keep 0.3 they are 0.3, 0.09, 0.027; the three coats of
 * Okoshi et al. 2022 are 0.3, 0.079, 0.032.
 */
export const coatFractions = (keep: number, coats: number): number[] =>
  Array.from({ length: coats }, (_, j) => keep ** (j + 1))

/** The settings of a choice, but for the configuration. @param algorithm of the run */
export function chooseMethod(
  choice: MethodChoice,
  algorithm: MethodSettings['algorithm'],
): Omit<MethodSettings, 'config'> {
  const { selection = 'per-layer', densities, embeddings, scales, unusedRows } = choice
  const keep = algorithm === 'dense' || algorithm === 'levels' ? 1 : (choice.keep ?? 0.3)
  const coats = choice.coats ?? (algorithm === 'multicoated' ? coatFractions(keep, 3).slice(1) : undefined)
  const softness = choice.softness ?? (algorithm === 'annealed' ? 1 : undefined)
  const anneal = choice.anneal ?? (softness === undefined ? undefined : 0.95)
  const levels = choice.levels ?? (algorithm === 'levels' || algorithm === 'ada-sup' ? 'ternary' : undefined)
  return {
    algorithm,
    keep,
    selection,
    ...(coats ? { coats } : {}),
    ...(anneal === undefined ? {} : { anneal }),
    ...(softness === undefined ? {} : { softness }),
    ...(levels ? { levels } : {}),
    ...(densities !== undefined && densities !== 'uniform' ? { densities } : {}),
    ...(embeddings ? { embeddings } : {}),
    ...(scales === 'learned' ? { scales } : {}),
    ...(unusedRows !== undefined && unusedRows !== 'keep' ? { unusedRows } : {}),
  }
}
