import { type BaseConfig, type ConfigField, checkFields, sizeFields } from '../config.js'

/** Activations of the gate, under their Hugging Face names. */
export const llamaActivations = ['silu', 'gelu_new', 'gelu', 'relu'] as const

/** The shape of a model of the Llama kind: Llama, Mistral without sliding windows, Qwen2. */
export interface LlamaConfig extends BaseConfig {
  readonly family: 'llama'
  /** Key and value heads K, an integer >= 1 that divides the heads. */
  readonly keyHeads: number
  /** Width of a head, D: an even integer >= 2; width / heads in most models. */
  readonly headWidth: number
  readonly activation: (typeof llamaActivations)[number]
  /** Added to the mean square in RMSNorm, > 0. */
  readonly normEpsilon: number
  /** Base of the rotary frequencies, > 0. */
  readonly ropeTheta: number
  /** Whether query, key and value have biases. */
  readonly inputBias: boolean
  /** Whether the output map of attention has a bias. */
  readonly outputBias: boolean
  /** Whether the three feed-forward maps have biases. */
  readonly feedForwardBias: boolean
  /** Whether the token embedding serves as the output matrix too. */
  readonly tiedHead: boolean
}

export const llamaFields: readonly ConfigField[] = [
  ...sizeFields('layers', 'width', 'heads', 'keyHeads', 'headWidth', 'inner', 'positions', 'vocabulary'),
  { name: 'activation', kind: 'word', words: llamaActivations },
  { name: 'normEpsilon', kind: 'number' },
  { name: 'ropeTheta', kind: 'number' },
  { name: 'inputBias', kind: 'boolean' },
  { name: 'outputBias', kind: 'boolean' },
  { name: 'feedForwardBias', kind: 'boolean' },
  { name: 'tiedHead', kind: 'boolean' },
]

/**
 * Checks that a configuration describes a model.
 * @throws TypeError for a value of the wrong type, RangeError for one out of range or sizes that do not fit together
 */
export function checkLlamaConfig(config: LlamaConfig): void {
  checkFields(config, llamaFields)
  const { heads, keyHeads, headWidth } = config
  if (heads % keyHeads !== 0)
    throw new RangeError(`"keyHeads" expected a divisor of the ${heads} heads, got ${keyHeads}`)
  if (headWidth % 2 !== 0) throw new RangeError(`"headWidth" expected an even number, got ${headWidth}`)
}
