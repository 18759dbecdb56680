/** How a family's models lie in GGUF files: the keys of the metadata, and which tensor holds which parameters. */
import type { Shape } from '../graph/index.js'
import type { BaseConfig } from './config.js'

/** Reads the keys of a file's metadata that begin with its architecture. Each method refuses what does not fit in one line. */
export interface GgufKeys {
  /** An integer >= 1. @param fallback where the key is absent; without one it must be there */
  size(key: string, fallback?: number): number
  /** A finite number > 0, as the shortest decimal that float32 rounds to what is stored. */
  positive(key: string, fallback?: number): number
  /** Refuses a key whose value is none of these. */
  expect(key: string, ...values: readonly (number | string | boolean)[]): void
  /** The shape of a tensor, the length of a row last; undefined where there is none of the name. */
  shapeOf(tensor: string): Shape | undefined
  /** Refuses the file: `<file>: <reason>`. */
  refuse(reason: string): never
}

/** One tensor of a file, and the parameters that it holds. */
export interface GgufRecipe {
  readonly name: string
  /** As numpy has it: [rows, length of a row], or [length]. */
  readonly shape: Shape
  /** Names of parameters whose rows follow each other, of a vector its numbers. */
  readonly parts: readonly string[]
  /** Whether the parts are linear maps, which are held [in, out] and lie [out, in] in a file. */
  readonly transposed: boolean
  /** Of rotary queries and keys: heads, within each of which the rows of the two halves alternate: llama.cpp turns neighbours. */
  readonly alternatingHeads?: number
}

/** GGUF files of a family. */
export interface GgufLayout<C extends BaseConfig> {
  /** What `general.architecture` may be. */
  readonly architectures: readonly string[]
  /** The architecture that a model is written as. */
  architectureOf(config: C): string
  /** Why llama.cpp cannot run a model, in words; undefined where it can. */
  whyNot(config: C): string | undefined
  /** Keys, without the architecture before them, and their values. */
  write(config: C): readonly (readonly [key: string, type: 'uint32' | 'float32', value: number])[]
  read(keys: GgufKeys, architecture: string): C
  /** Keys, beside those that are read, that change no result. */
  readonly withoutEffect: readonly string[]
  /** Every tensor, in the order in which they are written. */
  tensors(config: C, architecture: string): readonly GgufRecipe[]
}
