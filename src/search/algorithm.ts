import type { AdamW } from '../kernels/adamw.js'
import type { StateTensor } from './checkpoint.js'

/**
 * What turns gradients into the next effective weights. The loop knows no more of an algorithm: every search, and dense
 * training, is one of them, and a further one is a further function that returns this.
 */
export interface Algorithm {
  /** Everything a further step depends on beside the settings, as it lies in memory. */
  readonly state: readonly StateTensor[]
  /** One step: reads the gradients, writes the effective weights. */
  update(adamw: AdamW): void
  /** Rebuilds what follows from the state after it was overwritten by a checkpoint's. */
  restored(): void
  /**
   * Weights that entered or left the mask in the last step, or changed their number of coats or their sign; learned values do not count. Absent where no
   * matrix has a mask.
   */
  changed?(): number
  /**
   * Sum of the squares of the gradient that the next update moves what is learned of a parameter along. Absent or undefined: dL/dW_eff * W of matrices of
   * scores (`ticket` memory), dL/dW_eff of all others.
   */
  gradientSquares?(name: string): number | undefined
  /**
   * Does something while the effective weights are those of the ticket that would be written now, and puts back those of the search. Absent where
   * the two are the same.
   */
  asTicket?<T>(work: () => Promise<T>): Promise<T>
}

/** Does something with the effective weights of the ticket; see {@link Algorithm.asTicket}. */
export const asTicket = <T>({ asTicket: within }: Pick<Algorithm, 'asTicket'>, work: () => Promise<T>): Promise<T> =>
  within ? within(work) : work()

/** What a search has found of one matrix: see `FoundMatrix` of src/ticket. The arrays are copies. */
export interface FoundWeights {
  readonly mask: Uint8Array
  readonly coats?: readonly Uint8Array[]
  readonly inverted?: Uint8Array
  readonly scale?: number
}

/** A method that searches some of the matrices: it moves latent numbers, and masks or integers follow from them. */
export interface MatrixSearch {
  /** Names of its matrices. */
  readonly names: readonly string[]
  /** What a further step depends on beside the latent numbers and their moments; absent: nothing. */
  readonly state?: readonly StateTensor[]
  /** One step: reads the gradients, moves the latent numbers, selects. @throws RangeError naming a matrix whose numbers become NaN */
  update(adamw: AdamW): void
  /** Writes masks and effective weights from the latent numbers as they are. */
  select(): void
  /** Weights whose part in the network the last step or selection changed. */
  changed(): number
  /** See {@link Algorithm.gradientSquares}. */
  gradientSquares?(name: string): number | undefined
  /** The mask of a matrix as packed bits, least significant first: a copy. */
  mask(name: string): Uint8Array
  /** How many weights of a matrix are kept. */
  kept(name: string): number
  found(name: string): FoundWeights
  /** The scale of a matrix as it is now, a float32 number > 0; undefined while masks are soft. */
  scale(name: string): number | undefined
  /** See {@link Algorithm.asTicket}. */
  asTicket?<T>(work: () => Promise<T>): Promise<T>
}

/** An algorithm that finds a mask. */
export interface MaskedAlgorithm extends Algorithm {
  readonly ticket: Pick<MatrixSearch, 'mask' | 'kept' | 'found' | 'scale'>
}
