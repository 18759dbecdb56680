import { type BaseConfig, type ConfigField, checkFields, checkHeadsDivide, sizeFields } from '../config.js'

/** Activations between the two feed-forward matrices, under their Hugging Face names. */
export const bertActivations = ['gelu', 'gelu_new', 'relu', 'silu'] as const

/** The shape of an encoder of the BERT kind. */
export interface BertConfig extends BaseConfig {
  readonly family: 'bert'
  /** Rows of the table of token types, an integer >= 1. */
  readonly types: number
  readonly activation: (typeof bertActivations)[number]
  /** Added to the variance in LayerNorm, > 0. */
  readonly layerNormEpsilon: number
}

export const bertFields: readonly ConfigField[] = [
  ...sizeFields('layers', 'width', 'heads', 'inner', 'positions', 'vocabulary', 'types'),
  { name: 'activation', kind: 'word', words: bertActivations },
  { name: 'layerNormEpsilon', kind: 'number' },
]

/**
 * Checks that a configuration describes a model.
 * @throws TypeError for a value of the wrong type, RangeError for one out of range or heads that do not divide the width
 */
export function checkBertConfig(config: BertConfig): void {
  checkFields(config, bertFields)
  checkHeadsDivide(config)
}
