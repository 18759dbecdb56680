import type { Dtype } from '../safetensors/dtype.js'
import type { MemoryBudget } from '../safetensors/memory-budget.js'
import type { MaskCoding } from './head.js'

/** Where something lies in the file, counted from its start, in bytes. */
export interface Place {
  readonly dtype: Dtype
  readonly byteOffset: number
  readonly byteLength: number
}

/** What every opened ticket has, of whatever kind. */
export interface OpenedTicket {
  /** The name of its source (a path). */
  readonly name: string
  /** Length of the file in bytes. */
  readonly bytes: number
  /** The verified hash, 64 hexadecimal digits. */
  readonly sha256: string
  /** Unsigned 64-bit. */
  readonly seed: bigint
  /** How the masks are stored. */
  readonly coding: MaskCoding
  /** Bytes of everything in the file: of masks by their names (those of matrices as `partsOf` has them, of pairs with `.second` and `.coordinate`), of what is kept dense by those of `dense`. */
  readonly storedBytes: ReadonlyMap<string, number>
  /** What it may make its reader ask for; asked before masks are read, weights made, networks run. */
  readonly memory: MemoryBudget
  /** Shapes of the tensors that are kept dense, by the names of parameters. */
  readonly dense: ReadonlyMap<string, readonly number[]>
  /** The values of a tensor kept dense, row-major, all finite. InputError when there is none of that name. */
  readDense(name: string): Promise<Float32Array>
}
