/** What every family's configuration has, and how its fields are checked. */

/** The shape of a model. Each family adds fields of its own. */
export interface BaseConfig {
  /** Name of the family; absent for GPT-2, whose configurations were written before there were others. */
  readonly family?: string | undefined
  /** Blocks, b: an integer >= 1. */
  readonly layers: number
  /** Width of the residual stream, d: an integer >= 1. */
  readonly width: number
  /** Attention heads, H: an integer >= 1. */
  readonly heads: number
  /** Width between the feed-forward matrices, an integer >= 1. */
  readonly inner: number
  /** Longest context, an integer >= 1. */
  readonly positions: number
  /** Tokens, V: an integer >= 1. */
  readonly vocabulary: number
}

/**
 * Activations under their Hugging Face names: `gelu` by the error function, `gelu_new` its tanh form, `quick_gelu` x sigmoid(1.702 x), `silu`
 * x sigmoid(x).
 */
export type Activation = 'gelu_new' | 'gelu' | 'relu' | 'silu' | 'quick_gelu'

/** One field of a configuration: its name and what it may be. The order of a family's fields is that of its ticket metadata. */
export type ConfigField =
  | { readonly name: string; readonly kind: 'integer'; readonly least: number }
  | { readonly name: string; readonly kind: 'number' }
  | { readonly name: string; readonly kind: 'boolean' }
  | { readonly name: string; readonly kind: 'word'; readonly words: readonly string[] }

/** Fields that are integers >= 1. */
export const sizeFields = (...names: readonly string[]): ConfigField[] =>
  names.map((name) => ({ name, kind: 'integer', least: 1 }))

/**
 * Checks a configuration field by field. Numbers are finite and > 0.
 * @throws TypeError for a value of the wrong type, RangeError for one out of range
 */
export function checkFields(config: object, fields: readonly ConfigField[]): void {
  for (const field of fields) {
    const value: unknown = (config as Record<string, unknown>)[field.name]
    switch (field.kind) {
      case 'integer':
        if (typeof value !== 'number') throw new TypeError(`"${field.name}" expected a number, got ${typeof value}`)
        if (!Number.isSafeInteger(value) || value < field.least) {
          throw new RangeError(`"${field.name}" expected an integer >= ${field.least}, got ${value}`)
        }
        break
      case 'number':
        if (typeof value !== 'number') throw new TypeError(`"${field.name}" expected a number, got ${typeof value}`)
        if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
          throw new RangeError(`"${field.name}" expected a finite number > 0, got ${value}`)
        }
        break
      case 'boolean':
        if (typeof value !== 'boolean') throw new TypeError(`"${field.name}" expected a boolean, got ${typeof value}`)
        break
      case 'word':
        if (!field.words.includes(value as string)) {
          throw new RangeError(`"${field.name}" expected ${field.words.join(', ')}, got ${value}`)
        }
    }
  }
}

/** Throws RangeError unless the heads divide the width. */
export function checkHeadsDivide({ heads, width }: Pick<BaseConfig, 'heads' | 'width'>): void {
  if (width % heads !== 0) throw new RangeError(`"heads" expected a divisor of the width ${width}, got ${heads}`)
}
