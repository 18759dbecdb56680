/** Models by name, of every family that is searched. */
import type { Activation, BaseConfig } from '../families/config.js'
import { checkConfig, familyNamed } from '../families/family.js'

/** A model by name, and what to change of it. */
export interface ModelChoice {
  /** Default: the first one of the family. */
  readonly model?: SearchModel | undefined
  /** Of the model; default: that of the model, GPT-2 where none is named either. */
  readonly family?: SearchFamily | undefined
  /** Layers, an integer >= 1. */
  readonly layers?: number | undefined
  /** `x0.5` (times the named model's) or a number: the width d. Heads follow, so that each stays as wide. */
  readonly width?: string | undefined
  readonly heads?: number | undefined
  /** Key and value heads of a Llama, a divisor of the heads; default: half of them where they are even, else all. */
  readonly keyHeads?: number | undefined
  /** Longest context, which training windows fill. */
  readonly context?: number | undefined
  /** Width between the feed-forward matrices; default: as many times the width as the named model has. */
  readonly inner?: number | undefined
  readonly activation?: Activation | undefined
  /** Whether the head is a matrix of its own. */
  readonly untied?: boolean | undefined
}

interface NamedModel {
  readonly family: SearchFamily
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly inner: number
  readonly context: number
  readonly activation: Activation
}

const gpt2 = { family: 'gpt2' } as const
const llama = { family: 'llama', activation: 'silu' } as const
const bert = { family: 'bert', activation: 'gelu' } as const

/**
 * `micro` and `tiny` learn from a small text within minutes on two cores; `mini`, `small` and `medium` are the paper's language models
 * (GPT-2 shapes, head width 64). The Llamas and BERTs have as many weights as the GPT-2 of their size, to 1 %, with bytes as tokens:
 * micro 835,584, 831,488 and 835,840; tiny 3,276,800, 3,260,416 and 3,277,312.
 */
export const searchModels = {
  micro: { ...gpt2, layers: 4, width: 128, heads: 2, inner: 512, context: 128, activation: 'relu' },
  tiny: { ...gpt2, layers: 4, width: 256, heads: 4, inner: 1024, context: 256, activation: 'relu' },
  mini: { ...gpt2, layers: 4, width: 512, heads: 8, inner: 2048, context: 1024, activation: 'gelu_new' },
  small: { ...gpt2, layers: 12, width: 768, heads: 12, inner: 3072, context: 1024, activation: 'gelu_new' },
  medium: { ...gpt2, layers: 24, width: 1024, heads: 16, inner: 4096, context: 1024, activation: 'gelu_new' },
  'llama-micro': { ...llama, layers: 4, width: 128, heads: 2, inner: 392, context: 128 },
  'llama-tiny': { ...llama, layers: 4, width: 256, heads: 4, inner: 784, context: 256 },
  'bert-micro': { ...bert, layers: 4, width: 128, heads: 2, inner: 512, context: 128 },
  'bert-tiny': { ...bert, layers: 4, width: 256, heads: 4, inner: 1024, context: 256 },
} as const satisfies Record<string, NamedModel>

export type SearchModel = keyof typeof searchModels

/** Families that are searched. */
export const searchFamilies = ['gpt2', 'llama', 'bert'] as const
export type SearchFamily = (typeof searchFamilies)[number]

/** The models of a family, the smallest first. */
export const modelsOf = (family: SearchFamily): SearchModel[] =>
  (Object.keys(searchModels) as SearchModel[]).filter((name) => searchModels[name].family === family)

/** The name of a choice's model. @throws RangeError for an unknown name, or one of another family than is asked for */
export function modelName({ model, family }: Pick<ModelChoice, 'model' | 'family'>): SearchModel {
  if (family !== undefined && !searchFamilies.includes(family)) {
    throw new RangeError(`"family" expected ${searchFamilies.join(', ')}, got ${JSON.stringify(family)}`)
  }
  const names = family === undefined ? Object.keys(searchModels) : modelsOf(family)
  const name = model ?? names[0]
  if (names.includes(name)) return name as SearchModel
  const whose = family === undefined ? '' : ` for the family ${family}`
  throw new RangeError(`"model" expected ${names.join(', ')}${whose}, got ${JSON.stringify(model)}`)
}

/**
 * The configuration of a named model with its changes.
 * @param tokens of the tokenizer, an integer >= 1; an encoder has one more, the last: the mask that hides a token from it
 * @throws RangeError naming what does not fit: an unknown name, a width the heads do not divide, a choice that the family has not
 */
export function chooseModel(choice: ModelChoice, tokens: number): BaseConfig {
  const named: NamedModel = searchModels[modelName(choice)]
  const family = familyNamed(named.family)
  const width = choice.width === undefined ? named.width : widthOf(choice.width, named.width)
  const heads = choice.heads ?? headsOf(width, named)
  if (width % heads !== 0) throw new RangeError(`"heads" expected a divisor of the width ${width}, got ${heads}`)
  const isRotary = family.fields.some(({ name }) => name === 'headWidth')
  if (isRotary && (width / heads) % 2 !== 0) {
    throw new RangeError(
      `"heads" expected a divisor of the width ${width} that gives each an even width, whose positions are turned by pairs, got ${heads}`,
    )
  }
  if (isRotary && choice.keyHeads !== undefined && heads % choice.keyHeads !== 0)
    throw new RangeError(`"key-heads" expected a divisor of the ${heads} heads, got ${choice.keyHeads}`)
  const asked = {
    'key-heads': ['keyHeads', choice.keyHeads],
    untied: ['tiedHead', choice.untied || undefined],
  } as const
  for (const [option, [field, value]] of Object.entries(asked)) {
    if (value === undefined || family.fields.some(({ name }) => name === field)) continue
    throw new RangeError(`"${option}" expected nothing for a ${family.title}, which has no such choice, got ${value}`)
  }
  const all: Readonly<Record<string, unknown>> = {
    layers: choice.layers ?? named.layers,
    width,
    heads,
    keyHeads: choice.keyHeads ?? (heads % 2 === 0 ? heads / 2 : heads),
    headWidth: width / heads,
    inner: choice.inner ?? Math.round((named.inner * width) / named.width),
    positions: choice.context ?? named.context,
    vocabulary: tokens + (family.task === 'encoder' ? 1 : 0),
    types: 1,
    activation: choice.activation ?? named.activation,
    layerNormEpsilon: 1e-5,
    normEpsilon: 1e-5,
    ropeTheta: 10000,
    inputBias: false,
    outputBias: false,
    feedForwardBias: false,
    tiedHead: !choice.untied,
  }
  const own = Object.fromEntries(family.fields.map(({ name }) => [name, all[name]]))
  const config = (named.family === 'gpt2' ? own : { family: named.family, ...own }) as unknown as BaseConfig
  checkConfig(config)
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
