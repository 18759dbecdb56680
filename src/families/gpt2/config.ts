import { type BaseConfig, type ConfigField, checkFields, checkHeadsDivide, sizeFields } from '../config.js'

/** Activations between the two feed-forward matrices, under their Hugging Face names; `gelu_new` is the tanh form. */
export const gpt2Activations = ['gelu_new', 'gelu', 'relu'] as const

/** The shape of a GPT-2 model. */
export interface Gpt2Config extends BaseConfig {
  readonly family?: undefined
  readonly activation: (typeof gpt2Activations)[number]
  /** Added to the variance in LayerNorm, > 0. */
  readonly layerNormEpsilon: number
  /** Whether the token embedding serves as the output matrix too. */
  readonly tiedHead: boolean
}

export const gpt2Fields: readonly ConfigField[] = [
  ...sizeFields('layers', 'width', 'heads', 'inner', 'positions', 'vocabulary'),
  { name: 'activation', kind: 'word', words: gpt2Activations },
  { name: 'layerNormEpsilon', kind: 'number' },
  { name: 'tiedHead', kind: 'boolean' },
]

const gpt2 = (layers: number, width: number, heads: number): Gpt2Config => ({
  layers,
  width,
  heads,
  inner: 4 * width,
  positions: 1024,
  vocabulary: 50257,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
})

/** Named shapes: the bundled sorter's, and the three of the paper's experiments. */
export const gpt2Shapes = {
  'gpt2-nano-sort': { ...gpt2(3, 48, 3), positions: 11, vocabulary: 3, tiedHead: false },
  'gpt2-mini': gpt2(4, 512, 8),
  'gpt2-small': gpt2(12, 768, 12),
  'gpt2-medium': gpt2(24, 1024, 16),
} as const satisfies Record<string, Gpt2Config>

/** Width of one head, d / H. */
export const headWidth = (config: Gpt2Config): number => config.width / config.heads

/**
 * Checks that a configuration describes a model.
 * @throws TypeError for a value of the wrong type, RangeError for one out of range or heads that do not divide the width
 */
export function checkGpt2Config(config: Gpt2Config): void {
  checkFields(config, gpt2Fields)
  checkHeadsDivide(config)
}
