/**
 * The loss of a model and its gradients, as one ONNX graph each. Dimensions: B sequences of T tokens, N = B T, width d, vocabulary V.
 * A causal model's targets are the next tokens. An encoder's are the tokens that were masked.
 */
import {
  add,
  createGraph,
  div,
  expand,
  type Graph,
  gatherElements,
  log,
  mul,
  neg,
  numericShape,
  pullBack,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  scatterElements,
  sizeOf,
  slice,
  softmax,
  type Value,
} from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { familyOf, matricesOf, normVectorsOf, parametersOf } from './family.js'
import { createIntegerLinear, type IntegerWeight } from './integer-linear.js'
import { isLinearMap, type MatrixParameter, type Norms, type Parameter } from './parameter.js'
import { createTextPort } from './text-graph.js'

export { type Norms, normKinds } from './parameter.js'

/** A model as a loss sees it: which of its parameters there are. Searches and their baselines have no biases. */
export interface LossModel {
  readonly config: BaseConfig
  readonly norms: Norms
  /** Default false. */
  readonly biases?: boolean | undefined
}

/** How a loss graph is built. */
export interface LossGraphOptions {
  /** Use operators of ONNX Runtime's own domain that save transposes and that its CPU provider has. Default false. */
  readonly fused?: boolean
  /**
   * A: only the last A targets of a window count, the others are not read; an integer from 1 to T. Default T: all of them. Encoders
   * read all.
   */
  readonly answers?: number | undefined
  /** Of an encoder: whether there are inputs `mask` [B, T] (float32, 0 for padding) and `types` [B, T] (int32). Default false. */
  readonly padded?: boolean | undefined
}

/** How a gradient graph is built. */
export interface GradientGraphOptions extends LossGraphOptions {
  /**
   * What the linear maps are computed in; tables and the head stay float32. `int8` adds inputs for each of {@link integerMatrices}:
   * `NAME.codes` (int8 [d, m]), `NAME.transposed` (int8 [m, d]) and `NAME.scale` (float32 []), see `IntegerWeight`. Default `float32`.
   */
  readonly arithmetic?: Arithmetic | undefined
  /**
   * Where the token embedding's gradient is summed over equal tokens. `graph` (default): in the graph, `d.TABLE` is whole.
   * `outside`: the graph gives the gradient of each looked-up row as `d.rows` [N, d], to be added to row `tokens[n]` of
   * `d.TABLE` by the caller, and reads the rows from a second input `TABLE.rows` [V, d], which is fed the same array as the table.
   * With an untied head `d.TABLE` is then not an output at all.
   */
  readonly rows?: 'graph' | 'outside'
}

/** What products are computed in. */
export const arithmetics = ['float32', 'int8'] as const
export type Arithmetic = (typeof arithmetics)[number]

/** The matrices that `int8` concerns: linear maps. Looking up needs no product, and the head loses what rounding costs (0.09 nats in 500 steps). */
export const integerMatrices = (config: BaseConfig): MatrixParameter[] =>
  matricesOf(config).filter(({ role }) => isLinearMap(role))

/** @throws RangeError unless it is one of {@link arithmetics}; callers without types may hand in any value */
export function checkArithmetic(arithmetic: unknown): asserts arithmetic is Arithmetic {
  if (!(arithmetics as readonly unknown[]).includes(arithmetic)) {
    throw new RangeError(`"arithmetic" expected ${arithmetics.join(' or ')}, got ${arithmetic}`)
  }
}

/** Throws unless A answers fit in windows of T tokens. */
function checkAnswers(answers: number, length: number): void {
  if (!Number.isSafeInteger(answers) || answers < 1 || answers > length) {
    throw new RangeError(`"answers" expected an integer from 1 to ${length}, got ${answers}`)
  }
}

/** Added to a probability before its logarithm is taken: a loss saturates at 87.3 nats a token instead of becoming infinite. */
export const LEAST_PROBABILITY = 2 ** -126

/** The token embedding, whose rows a search sums gradients for. */
export const tokenTableOf = (config: BaseConfig): string =>
  matricesOf(config).find(({ role }) => role === 'token-embedding')!.name

/** The parameters of a model in the order in which its graphs take them: matrices, biases, vectors of norms. */
export function lossParameters({ config, norms, biases = false }: LossModel): Parameter[] {
  return [
    ...matricesOf(config),
    ...(biases ? parametersOf(config).filter(({ kind }) => kind === 'bias') : []),
    ...normVectorsOf(config, norms),
  ]
}

interface Forward {
  readonly graph: Graph
  /** [B A, V] */
  readonly probabilities: Value
  readonly logits: Value
  /** [B A, 1] int32 */
  readonly targets: Value
  /** ln of each target's probability, [B A, 1] */
  readonly logLikelihood: Value
  /** How much each target counts, [B A, 1], summing to 1; undefined where all count alike. */
  readonly shares: Value | undefined
  /** Parameters by name. */
  readonly parameters: ReadonlyMap<string, Value>
  /** The looked-up token embeddings [N, d]. */
  readonly rows: Value
}

function forward(
  model: LossModel,
  batch: number,
  length: number,
  {
    fused = false,
    rows: place = 'graph',
    answers: A = length,
    padded = false,
    arithmetic = 'float32',
  }: GradientGraphOptions,
): Forward {
  const { config } = model
  const family = familyOf(config)
  const { width: d, vocabulary: V } = config
  const [B, T, N] = [batch, length, batch * length]
  checkAnswers(A, T)
  checkArithmetic(arithmetic)
  const graph = createGraph(`${family.name}_loss`, { fused })
  const tokens = reshape(graph.input('tokens', 'int32', [B, T]), [N])
  const answered = (x: Value) => (A === T ? x : slice(x, 1, T - A, T)) // [B, T, ...] -> [B, A, ...]
  const targets = reshape(answered(graph.input('targets', 'int32', [B, T])), [B * A, 1])
  const shares = family.task === 'encoder' ? sharesOf(answered(graph.input('counts', 'float32', [B, T]))) : undefined
  const parameters = new Map<string, Value>()
  const table = tokenTableOf(config)
  const head = headMatrix(config)
  for (const { name, shape } of lossParameters(model)) {
    if (name === table && place === 'outside' && head !== table) continue
    parameters.set(name, graph.input(name, 'float32', shape))
  }
  const integerLinear = createIntegerLinear()
  const integers = new Map<string, IntegerWeight>()
  for (const { name, shape } of arithmetic === 'int8' ? integerMatrices(config) : []) {
    integers.set(name, {
      weight: parameters.get(name)!,
      codes: graph.input(`${name}.codes`, 'int8', shape),
      transposed: graph.input(`${name}.transposed`, 'int8', shape.toReversed()),
      scale: graph.input(`${name}.scale`, 'float32', []),
    })
  }
  const port = createTextPort({
    batch,
    length,
    width: d,
    causal: family.task === 'causal',
    tokens,
    mask: padded ? graph.input('mask', 'float32', [B, T]) : undefined,
    types: padded ? reshape(graph.input('types', 'int32', [B, T]), [N]) : undefined,
    weight: (name) => parameters.get(name),
    product: (name, x) => (integers.has(name) ? integerLinear(x, integers.get(name)!) : undefined),
    tokenTable: place === 'outside' ? () => graph.input(`${table}.rows`, 'float32', [V, d]) : undefined,
    fused,
  })
  const x = family.body(port, config)
  const last = A === T ? x : reshape(answered(reshape(x, [B, T, d])), [B * A, d])
  const logits = family.head(port, config, last) // [B A, V]
  const probabilities = softmax(logits)
  const logLikelihood = log(add(gatherElements(probabilities, targets, 1), scalar(tokens, LEAST_PROBABILITY))) // [B A, 1]
  return { graph, probabilities, logits, targets, logLikelihood, shares, parameters, rows: port.tokenRows() }
}

/** The matrix that gives the logits. */
const headMatrix = (config: BaseConfig): string =>
  matricesOf(config).find(({ role }) => role === 'head')?.name ?? tokenTableOf(config)

/** Counts [B, A] -> shares [B A, 1] that sum to 1. */
function sharesOf(counts: Value): Value {
  const flat = reshape(counts, [sizeOf(counts.shape), 1])
  return div(flat, reduceSum(flat, [0, 1], true))
}

/** Mean over the targets, or over those that count; a scalar. */
function lossOf({ logLikelihood, shares }: Pick<Forward, 'logLikelihood' | 'shares'>): Value {
  return shares
    ? neg(reduceSum(mul(logLikelihood, shares), [0, 1], false))
    : neg(reduceMean(logLikelihood, [0, 1], false))
}

/**
 * The loss alone: inputs `tokens` and `targets` [B, T] (int32), of an encoder `counts` [B, T] too (float32: 1 where a target counts, 0
 * elsewhere), and the parameters by name (float32, {@link lossParameters}); output `loss`, the mean cross-entropy in nats, a scalar.
 */
export function lossGraph(model: LossModel, batch: number, length: number, options: LossGraphOptions = {}): Graph {
  const found = forward(model, batch, length, options)
  found.graph.output('loss', lossOf(found))
  return found.graph
}

/** The same inputs; output `nats` [B A, 1], the cross-entropy of each target by itself, window after window. An encoder's are of every position: which count is the caller's to know. */
export function tokenLossGraph(model: LossModel, batch: number, length: number, options: LossGraphOptions = {}): Graph {
  const { graph, logLikelihood } = forward(model, batch, length, options)
  graph.output('nats', neg(logLikelihood))
  return graph
}

/**
 * The loss and its gradients: as {@link lossGraph}, with outputs `d.NAME` for every parameter too.
 * The backward pass starts from d loss / d logits = (softmax(logits) - one hot targets) times each target's share of the mean.
 */
export function gradientGraph(
  model: LossModel,
  batch: number,
  length: number,
  options: GradientGraphOptions = {},
): Graph {
  const found = forward(model, batch, length, options)
  const { graph, logits, probabilities, targets, shares, parameters, rows } = found
  const [N] = numericShape('logits', logits.shape)
  const minus = shares ? neg(shares) : expand(scalar(logits, -1 / N), [N, 1]) // stored as one number; ONNX Runtime spreads it when it loads
  const scaled = mul(probabilities, shares ?? scalar(logits, 1 / N))
  const dLogits = scatterElements(scaled, targets, minus, 1, 'add')
  const names = [...parameters.keys()]
  const outside = options.rows === 'outside'
  const wrt = [...parameters.values(), ...(outside ? [rows] : [])]
  const gradients = pullBack([[logits, dLogits]], wrt)
  graph.output('loss', lossOf(found))
  for (const [i, gradient] of gradients.entries()) graph.output(i < names.length ? `d.${names[i]}` : 'd.rows', gradient)
  return graph
}
