import { checkGpt2Config, type Gpt2Config } from '../families/gpt2/config.js'

/** A model by name, and what to change of it. */
export interface ModelChoice {
  readonly model: SearchModel
  /** Layers, an integer >= 1. */
  readonly layers?: number | undefined
  /** `x0.5` (times the named model's) or a number: the width d. Heads follow, so that each stays as wide. */
  readonly width?: string | undefined
  readonly heads?: number | undefined
  /** Longest context, which training windows fill. */
  readonly context?: number | undefined
  /** Width between the feed-forward matrices; default 4 d. */
  readonly inner?: number | undefined
  readonly activation?: Gpt2Config['activation'] | undefined
  /** Whether the head is a matrix of its own. */
  readonly untied?: boolean | undefined
}

interface NamedModel {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly context: number
  readonly activation: Gpt2Config['activation']
  /** Windows a batch unless told otherwise. */
  readonly batch: number
}

/**
 * `micro` and `tiny` learn from a small text within minutes on two cores; the other three are the paper's language models
 * (GPT-2 shapes, head width 64).
 */
export const searchModels = {
  micro: { layers: 4, width: 128, heads: 2, context: 128, activation: 'relu', batch: 16 },
  tiny: { layers: 4, width: 256, heads: 4, context: 256, activation: 'relu', batch: 8 },
  mini: { layers: 4, width: 512, heads: 8, context: 1024, activation: 'gelu_new', batch: 4 },
  small: { layers: 12, width: 768, heads: 12, context: 1024, activation: 'gelu_new', batch: 4 },
  medium: { layers: 24, width: 1024, heads: 16, context: 1024, activation: 'gelu_new', batch: 4 },
} as const satisfies Record<string, NamedModel>

export type SearchModel = keyof typeof searchModels

/**
 * The configuration of a named model with its changes.
 * @param vocabulary of the tokenizer, an integer >= 1
 * @throws RangeError naming what does not fit: an unknown name, a width the heads do not divide
 */
export function chooseModel(choice: ModelChoice, vocabulary: number): Gpt2Config {
  const { model, layers, heads, context, inner, activation, untied } = choice
  if (!Object.hasOwn(searchModels, model)) {
    throw new RangeError(`"model" expected ${Object.keys(searchModels).join(', ')}, got ${JSON.stringify(model)}`)
  }
  const named: NamedModel = searchModels[model]
  const width = choice.width === undefined ? named.width : widthOf(choice.width, named.width)
  const config: Gpt2Config = {
    layers: layers ?? named.layers,
    width,
    heads: heads ?? headsOf(width, named),
    inner: inner ?? 4 * width,
    positions: context ?? named.context,
    vocabulary,
    activation: activation ?? named.activation,
    layerNormEpsilon: 1e-5,
    tiedHead: !untied,
  }
  checkGpt2Config(config)
  return config
}

/** `x2` times the named width, or the number itself. */
function widthOf(text: string, named: number): number {
  const match = /^(x?)(\d{1,7}(?:\.\d{1,7})?)$/.exec(text)
  const width = match ? Number(match[2]) * (match[1] ? named : 1) : Number.NaN
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new RangeError(`"width" expected an integer >= 1 or a factor such as x0.5 that gives one, got ${text}`)
  }
  return width
}

/** As many heads as keep the head width of the named model. */
function headsOf(width: number, named: NamedModel): number {
  const headWidth = named.width / named.heads
  if (width % headWidth !== 0) {
    throw new RangeError(
      `"width" expected a multiple of the head width ${headWidth} (or the number of heads too), got ${width}`,
    )
  }
  return width / headWidth
}
