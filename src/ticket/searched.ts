/** Tickets of searched networks: their metadata and their tensors. */
import type { BaseConfig } from '../families/config.js'
import { normVectorsOf, orderedConfig } from '../families/family.js'
import type { Norms } from '../families/parameter.js'
import { packedBytes } from '../mask/packed-bits.js'
import type { Initialisation } from '../random/index.js'
import type { TensorPlan } from '../safetensors/layout.js'
import {
  type DenseSpec,
  GENERATOR,
  type MetadataHead,
  type Probe,
  type StoredBytes,
  type TicketLayout,
} from './head.js'
import { versionOf } from './version.js'

/** Weight i of a matrix at generation g is weight i of stream `stream + g * GENERATION_STRIDE`. */
export const GENERATION_STRIDE = 2 ** 20

/** Most coats of a weight. */
export const COAT_LIMIT = 15

/** The score stream of a matrix of a search: what searches of this program use, so that the format need not write it. */
export const usualScores = (matrix: number): number => 2 ** 45 + matrix

/** The last generation that a ticket can name. */
export const GENERATION_LIMIT = 255

/** Tokenizers that a ticket can name, with their vocabularies. */
export const ticketTokenizers = { bytes: 256, gpt2: 50257 } as const

/** A random matrix under a mask. */
export interface SearchedMatrix {
  /** As `matricesOf` of src/families names it. */
  readonly name: string
  /** Row-major; linear maps are [in, out], embeddings and the head [V, d] or [P, d]. */
  readonly shape: readonly [number, number]
  /** Of generation 0; an integer from 0 to 2^20 - 1, another for each matrix. */
  readonly stream: number
  /** With every scale folded in (QK scaling too). */
  readonly init: Initialisation
  /** Ones in the mask. */
  readonly kept: number
  /** The highest generation of a kept weight, 0 to 255; 0 where nothing that is kept was redrawn. */
  readonly generations: number
  /**
   * The stream of the scores that the search started from: word i says where weight i started. Null where it is not
   * known; version 1 has none.
   */
  readonly scores?: number | null | undefined
  /** Rows in the file's list, where it has one; the others cost nothing: they keep no weight, or are copies (see `sharedRow`). Absent: the file lists no rows. */
  readonly usedRows?: number | undefined
  /** Weights that wear the second coat, the third, and so on: at most {@link COAT_LIMIT} - 1 numbers >= 1, none larger than the one before. */
  readonly coats?: readonly number[] | undefined
  /** Kept weights whose sign is the opposite of the seed's, >= 1; absent where there are none. */
  readonly inverted?: number | undefined
  /** Factor of every weight, a float32 number > 0; absent: 1. */
  readonly scale?: number | undefined
}

/** What was asked of the search and what came of it. Information: nothing depends on it. */
export interface SearchSummary {
  /** `edge-popup`, `iterand`. */
  readonly algorithm: string
  /** Fraction of weights kept, 0 < keep <= 1. */
  readonly keep: number
  /** `per-layer` or `global`. */
  readonly selection: string
  /** Factor of query and key weights, > 0; the initialisations hold it already. */
  readonly qkScale: number
  /** Name of the scheme that the initialisations follow. */
  readonly initialisation: string
  readonly steps: number
  /** Windows a step. */
  readonly batch: number
  /** Tokens a window. */
  readonly length: number
  /** Tokens read in all. */
  readonly tokens: number
  /** Nats a token on the validation text, or null. */
  readonly validLoss: number | null
  readonly corpus: {
    readonly name: string
    /** Of what was read, as `Corpus.sha256`. */
    readonly sha256: string
    readonly tokenizer: string
  }
}

/** The metadata of a searched ticket, as it is held in memory; metadata.ts says how it is written. */
export interface SearchedMetadata extends MetadataHead {
  readonly kind: 'searched'
  readonly config: BaseConfig
  readonly norms: Norms
  /** What turns text into the model's tokens; null where nothing that this package knows by name does. */
  readonly tokenizer: keyof typeof ticketTokenizers | null
  /**
   * The token whose row the tokens without a row of their own share: in every matrix with a row for each token the rows that are not in its list are
   * copies of this one, which is in it. Absent: there are no copies. Of version 4 alone.
   */
  readonly sharedRow?: number | undefined
  /** Exactly those of `matricesOf(config)`, in that order. */
  readonly matrices: readonly SearchedMatrix[]
  /** Exactly those of `normVectorsOf(config, norms)`, in that order. */
  readonly dense: readonly DenseSpec[]
  readonly search: SearchSummary | null
  readonly probe: Probe | null
}

/** What stands in the metadata beside what follows from it. */
export interface SearchedDescription extends Omit<SearchedMetadata, 'version' | 'generator' | 'kind' | 'dense'> {
  /** Default `packed`. */
  readonly layout?: TicketLayout | undefined
}

/** Metadata with its keys in the order of the format, and no others, so that equal content gives equal bytes. */
export function searchedMetadataOf(description: SearchedDescription): SearchedMetadata {
  const { seed, coding, config, norms, tokenizer, sharedRow, matrices, search, probe, layout = 'packed' } = description
  const version = layout === 'packed' ? '4' : versionOf({ config, coding })
  return {
    version,
    generator: GENERATOR,
    seed,
    kind: 'searched',
    coding,
    config: orderedConfig(config),
    norms,
    tokenizer,
    ...(sharedRow === undefined ? {} : { sharedRow }),
    matrices: matrices.map(({ name, shape, stream, init, kept, generations, scores = null, ...dress }) => {
      const own = { name, shape, stream, init: inOrder(init), kept, generations }
      return version === '1' ? own : { ...own, scores, ...(version === '4' ? dressInOrder(dress) : {}) }
    }),
    dense: searchedDense(config, norms),
    search: search && summaryInOrder(search),
    probe: probe && { tokens: probe.tokens, logits: probe.logits, tolerance: probe.tolerance },
  }
}

/** What a weight wears beside its mask, as far as there is any. */
type Dress = Pick<SearchedMatrix, 'usedRows' | 'coats' | 'inverted' | 'scale'>

function dressInOrder({ usedRows, coats, inverted, scale }: Dress): Dress {
  return {
    ...(usedRows === undefined ? {} : { usedRows }),
    ...(coats?.length ? { coats } : {}),
    ...(inverted ? { inverted } : {}),
    ...(scale === undefined || scale === 1 ? {} : { scale }),
  }
}

function inOrder(init: Initialisation): Initialisation {
  switch (init.kind) {
    case 'uniform':
      return { kind: 'uniform', range: init.range }
    case 'normal':
      return { kind: 'normal', std: init.std }
    case 'signed-constant':
      return { kind: 'signed-constant', magnitude: init.magnitude }
  }
}

function summaryInOrder(search: SearchSummary): SearchSummary {
  const { algorithm, keep, selection, qkScale, initialisation, steps, batch, length, tokens, validLoss } = search
  const { name, sha256, tokenizer } = search.corpus
  const corpus = { name, sha256, tokenizer }
  return { algorithm, keep, selection, qkScale, initialisation, steps, batch, length, tokens, validLoss, corpus }
}

/** The tensors that are kept dense: learned gains of norms, and learned shifts. */
export const searchedDense = (config: BaseConfig, norms: Norms): DenseSpec[] =>
  normVectorsOf(config, norms).map(({ name, shape }) => ({ name, shape }))

/**
 * The tensors of a searched ticket of the layout `separate` in the order of the file: learned norms (F32), masks (U8), then the generations of the
 * matrices that have any (U8).
 * @param stored how many bytes a tensor takes that would take `plain` bytes uncoded
 */
export function searchedTensors(
  matrices: readonly SearchedMatrix[],
  dense: readonly DenseSpec[],
  stored: StoredBytes,
): TensorPlan[] {
  const redrawn = matrices.filter(({ generations }) => generations > 0)
  return [
    ...dense.map(({ name, shape }): TensorPlan => ({ name, dtype: 'F32', shape })),
    ...matrices.map(({ name, shape }): TensorPlan => {
      const count = shape[0] * shape[1]
      return {
        name: maskName(name),
        dtype: 'U8',
        shape: [stored(maskName(name), packedBytes(count), { count, columns: shape[1] })],
      }
    }),
    ...redrawn.map(({ name, kept, generations }): TensorPlan => {
      const plain = packedBytes(kept * generationBits(generations))
      return { name: generationName(name), dtype: 'U8', shape: [stored(generationName(name), plain)] }
    }),
  ]
}

/** Name of the tensor of a matrix' mask. */
export const maskName = (matrix: string): string => `${matrix}.mask`

/** Name of the tensor of a matrix' generations. */
export const generationName = (matrix: string): string => `${matrix}.generation`

/** Bits that hold a generation from 0 to `generations`: ceil(log2(generations + 1)). */
export function generationBits(generations: number): number {
  let bits = 0
  while (generations >= 2 ** bits) bits++
  return bits
}
