/** Activations between the two feed-forward matrices, under their Hugging Face names; `gelu_new` is the tanh form. */
export const gpt2Activations = ['gelu_new', 'gelu', 'relu'] as const

/** The shape of a GPT-2 model. */
export interface Gpt2Config {
  /** Blocks, b: an integer >= 1. */
  readonly layers: number
  /** Width of the residual stream, d: an integer >= 1. */
  readonly width: number
  /** Attention heads, H: an integer >= 1 that divides the width. */
  readonly heads: number
  /** Width between the two feed-forward matrices, an integer >= 1; 4 d in every published GPT-2. */
  readonly inner: number
  /** Longest context, an integer >= 1. */
  readonly positions: number
  /** Tokens, V: an integer >= 1. */
  readonly vocabulary: number
  readonly activation: (typeof gpt2Activations)[number]
  /** Added to the variance in LayerNorm, > 0. */
  readonly layerNormEpsilon: number
  /** Whether the token embedding serves as the output matrix too. */
  readonly tiedHead: boolean
}

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
  for (const name of ['layers', 'width', 'heads', 'inner', 'positions', 'vocabulary'] as const) {
    const value: unknown = config[name]
    if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`"${name}" expected an integer >= 1, got ${value}`)
  }
  if (config.width % config.heads !== 0) {
    throw new RangeError(`"heads" expected a divisor of the width ${config.width}, got ${config.heads}`)
  }
  if (!gpt2Activations.includes(config.activation)) {
    throw new RangeError(`"activation" expected ${gpt2Activations.join(', ')}, got ${config.activation}`)
  }
  const epsilon: unknown = config.layerNormEpsilon
  if (typeof epsilon !== 'number') throw new TypeError(`"layerNormEpsilon" expected a number, got ${typeof epsilon}`)
  if (!(epsilon > 0 && epsilon < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"layerNormEpsilon" expected a finite number > 0, got ${epsilon}`)
  }
  if (typeof config.tiedHead !== 'boolean') {
    throw new TypeError(`"tiedHead" expected a boolean, got ${typeof config.tiedHead}`)
  }
}
