/** What a ticket is, and how much of its file each part takes: the report of `slt inspect`. */
import type { BaseConfig } from '../families/config.js'
import type { Construction, Probe, SearchSummary, Ticket } from '../ticket/index.js'
import type { DenseSize } from './dense-sizes.js'
import type { LineSpread } from './mask-lines.js'

/** One random matrix under a mask; of a pruned pair the second, with one row a hidden unit. */
export interface MatrixReport {
  readonly name: string
  /** Number of the block, or null for embeddings, head and loose pairs. */
  readonly layer: number | null
  /** The mask's shape. */
  readonly rows: number
  readonly columns: number
  /** Ones in the mask, and their part of all. */
  readonly kept: number
  readonly fraction: number
  /** The spread of kept fractions over rows and over columns. */
  readonly rowSpread: LineSpread
  readonly columnSpread: LineSpread
  /** Weights that the matrix stands for: rows * columns, or those of the target that a pair replaces. */
  readonly weights: number
  /** Bytes of the mask in the file. */
  readonly maskBytes: number
  /** Bytes beside the mask: of a searched matrix all its other parts, of a pair the coordinates of its hidden units. */
  readonly furtherBytes: number
  /** (maskBytes + furtherBytes) in bits, over `weights`. */
  readonly bitsPerWeight: number
  /**
   * What the masks would take at least if their ones lay at random: H(fraction) bits for each of the bits that they are coded over (rows, then the
   * weights of used rows where the file lists those, then the weights of the coat before), for a pair also the entropy of its coordinates, over
   * `weights`. Generations are left out.
   */
  readonly entropy: number
  /** Of a pair: its inputs, hidden units and those that are kept, and all its random weights. Null of a searched matrix. */
  readonly pair: {
    readonly inputs: number
    readonly units: number
    readonly keptUnits: number
    readonly randomWeights: number
  } | null
  /** Of a searched matrix: the highest generation of a kept weight. 0 of a pair. */
  readonly generations: number
  /** Of a searched matrix: weights that wear the second coat, the third, and so on. */
  readonly coats: readonly number[]
  /** Of a searched matrix: kept weights whose sign is the opposite of the seed's. */
  readonly inverted: number
  /** Of a searched matrix: the factor of its weights; 1 of a pair. */
  readonly scale: number
  /** Of a searched matrix: rows in which any weight is kept. Rows that are copies of a shared one keep none of their own. */
  readonly usedRows: number
}

/** One of the masks that a file holds over one random network. */
export interface MaskSummary {
  readonly name: string
  readonly kept: number
  /** Of all weights of its network. */
  readonly fraction: number
  /** Of the mask and its norms in the file. */
  readonly bytes: number
  readonly search: SearchSummary | null
}

/** Matrices taken together. */
export interface MatrixTotal {
  readonly weights: number
  /** Bits of all masks, and ones among them. */
  readonly maskBits: number
  readonly kept: number
  readonly fraction: number
  readonly storedBytes: number
  readonly bitsPerWeight: number
  readonly entropy: number
}

/** Everything that `slt inspect --json` prints beside the path. */
export interface TicketReport {
  readonly kind: Ticket['kind']
  /** The model's family as people write it; null of loose pairs. */
  readonly family: string | null
  readonly version: string
  /** How the masks are stored. */
  readonly coding: string
  readonly generator: { readonly name: string; readonly version: string }
  /** Unsigned 64-bit, in decimal digits. */
  readonly seed: string
  readonly sha256: string
  readonly config: BaseConfig | null
  /** Of a searched ticket, else null. */
  readonly norms: string | null
  readonly tokenizer: string | null
  readonly search: SearchSummary | null
  /** Of a searched ticket in which some tokens share a row: the token whose row it is, and how many share it, that one among them. Else null. */
  readonly sharedRow: { readonly token: number; readonly tokens: number } | null
  /** The mask that is reported on, and all that the file holds, its first one first; null and none of a pruned ticket. */
  readonly mask: string | null
  readonly masks: readonly MaskSummary[]
  /** Of a pruned ticket, else null. */
  readonly construction: Construction | null
  readonly probe: Probe | null
  readonly matrices: readonly MatrixReport[]
  readonly layers: readonly (MatrixTotal & { readonly layer: number })[]
  readonly total: MatrixTotal
  /** Bytes of the whole file and of its parts, which make it up. */
  readonly size: {
    readonly bytes: number
    readonly header: number
    readonly masks: number
    readonly further: number
    readonly dense: number
    /** The file's other masks, with their norms. */
    readonly others: number
    /** Parameters of the same network stored densely, and the file's bits over them, but for its other masks. */
    readonly parameters: number
    readonly bitsPerWeight: number
  }
  /** The same network stored densely; `ratio` is its bytes over the file's, but for its other masks. */
  readonly compared: readonly (DenseSize & { readonly ratio: number })[]
}

/** What lies outside of blocks: before the first of them, as embeddings do, and after it, as a head does. */
export function outsideOf<T extends { readonly layer: number | null }>(
  matrices: readonly T[],
): { before: T[]; after: T[] } {
  const first = matrices.findIndex(({ layer }) => layer !== null)
  const outside = (of: readonly T[]) => of.filter(({ layer }) => layer === null)
  if (first < 0) return { before: outside(matrices), after: [] }
  return { before: outside(matrices.slice(0, first)), after: outside(matrices.slice(first)) }
}

/** The name of a block from that of a matrix in it: its first two parts, `layers.0` of `layers.0.mlp.up_proj`. */
export const blockOf = (matrix: string): string => matrix.split('.').slice(0, 2).join('.')

/** A part of a whole, 0 where the whole is. */
export const part = (value: number, whole: number): number => (whole > 0 ? value / whole : 0)

/** Sums matrices. */
export function totalOf(matrices: readonly MatrixReport[]): MatrixTotal {
  const sum = (of: (matrix: MatrixReport) => number) => matrices.reduce((total, matrix) => total + of(matrix), 0)
  const weights = sum((matrix) => matrix.weights)
  const maskBits = sum(({ rows, columns }) => rows * columns)
  const kept = sum((matrix) => matrix.kept)
  const storedBytes = sum(({ maskBytes, furtherBytes }) => maskBytes + furtherBytes)
  return {
    weights,
    maskBits,
    kept,
    fraction: part(kept, maskBits),
    storedBytes,
    bitsPerWeight: part(8 * storedBytes, weights),
    entropy: part(
      sum((matrix) => matrix.entropy * matrix.weights),
      weights,
    ),
  }
}
