/** How a family's models lie in Hugging Face folders: the keys of `config.json`, and which tensor holds which parameters. */
import type { Shape } from '../graph/index.js'
import type { BaseConfig } from './config.js'

/** Reads the keys of a `config.json` as transformers does: null is a value, which few keys may have. Each method refuses what does not fit in one line. */
export interface ConfigReader {
  /** The value of a key; undefined where it is null or absent. */
  value(key: string): unknown
  /**
   * An integer >= 1.
   * @param alias a second name that transformers takes for it
   * @param fallback where neither is there; without one the key must be
   * @param whereNull what null means; without one null is refused
   */
  size(
    key: string,
    options?: { readonly alias?: string; readonly fallback?: number; readonly whereNull?: number },
  ): number
  /** A finite number > 0. Null is refused, as in `flag` and `word`. */
  positive(key: string, fallback: number): number
  flag(key: string, fallback: boolean): boolean
  /** One of the words of a table. */
  word<T extends string>(key: string, table: Readonly<Record<string, T>>, fallback: string): T
  /** The value of a key that counts as unread all the same. */
  peek(key: string): unknown
  /** Refuses the file: `<file>: <reason>`. */
  refuse(reason: string): never
}

/** One tensor of a folder, and the parameters that it holds. */
export interface TensorRecipe {
  /** Hugging Face's name. */
  readonly name: string
  /** As stored. */
  readonly shape: Shape
  /** Names of parameters, side by side along the last axis of what is stored. */
  readonly parts: readonly string[]
  /** Whether a matrix is stored [out, in]. It has one part. */
  readonly transposed: boolean
}

/** Hugging Face's files of a family. */
export interface HuggingFaceLayout<C extends BaseConfig> {
  /** What `model_type` may be; the first one is written. */
  readonly modelTypes: readonly string[]
  /** What `architectures` may name; the first one is written. */
  readonly architectures: readonly string[]
  /** The tokens that begin and end a text where `config.json` does not say, by `model_type`: transformers' defaults. */
  readonly defaultTokens: Readonly<Record<string, { readonly bos: number; readonly eos: number }>>
  /** Switches that change what a model computes, with the only value that is run, which is the default too. */
  readonly fixed: Readonly<Record<string, unknown>>
  /** Keys, beside those of every model, that change no result. */
  readonly withoutEffect: readonly string[]
  read(reader: ConfigReader, modelType: string): C
  /** The keys of a `config.json` that a model depends on. */
  write(config: C): Record<string, unknown>
  /** Every tensor, in the order in which they are written. */
  tensors(config: C): readonly TensorRecipe[]
  /** Hugging Face's name of a stored tensor once wrappers are off: adds or takes a prefix that some models are saved without. */
  fullName(stored: string): string
  /** Whether a tensor is a buffer or a part that the model does not use, to be passed over in silence. */
  isPassedOver(name: string, shape: Shape, config: C): boolean
  /** Whether a tensor that is passed over is a part of a whole model, such as a pooler or the head of a task, and no buffer. Default: none is. */
  isLeftOut?(name: string): boolean
  /** Whether a tensor that is no part of the model lies where it would be used, so that the model is another one. */
  isOfAnotherModel(name: string): boolean
}
