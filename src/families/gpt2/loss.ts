/**
 * The language-model loss of a GPT-2 without biases, and its gradients, as one ONNX graph each.
 * Dimensions: B sequences of T tokens, N = B T, width d, H heads of width D = d/H, feed-forward width F, vocabulary V.
 * Activations are kept flat, [N, d], so that every linear map and every weight's gradient is one Gemm.
 */
import {
  add,
  concat,
  createGraph,
  expand,
  fusedMatMul,
  type Graph,
  gather,
  gatherElements,
  gemm,
  layerNormalization,
  log,
  matMul,
  mul,
  neg,
  numericShape,
  pullBack,
  reduceMean,
  reshape,
  scalar,
  scatterElements,
  slice,
  softmax,
  split,
  transpose,
  type Value,
} from '../../graph/index.js'
import { headWidth } from './config.js'
import { activate, causalMask } from './layers.js'
import { type BiasFreeGpt2, gpt2Matrices, gpt2Norms } from './matrices.js'

/** How a loss graph is built. */
export interface LossGraphOptions {
  /** Use operators of ONNX Runtime's own domain that save transposes and that its CPU provider has. Default false. */
  readonly fused?: boolean
  /**
   * A: only the last A targets of a window count, the others are not read; an integer from 1 to T. Default T: all of them.
   */
  readonly answers?: number | undefined
}

/** How a gradient graph is built. */
export interface GradientGraphOptions extends LossGraphOptions {
  /**
   * Where the token embedding's gradient is summed over equal tokens. `graph` (default): in the graph, `d.wte` is whole.
   * `outside`: the graph gives the gradient of each looked-up row as `d.rows` [N, d], to be added to row `tokens[n]` of
   * `d.wte` by the caller, and reads the rows from a second input `wte.rows` [V, d], which is fed the same array as `wte`.
   * With an untied head `d.wte` is then not an output at all.
   */
  readonly rows?: 'graph' | 'outside'
}

/** Throws unless A answers fit in windows of T tokens. */
function checkAnswers(answers: number, length: number): void {
  if (!Number.isSafeInteger(answers) || answers < 1 || answers > length) {
    throw new RangeError(`"answers" expected an integer from 1 to ${length}, got ${answers}`)
  }
}

/** Added to a probability before its logarithm is taken: a loss saturates at 87.3 nats a token instead of becoming infinite. */
export const LEAST_PROBABILITY = 2 ** -126

interface Forward {
  readonly graph: Graph
  /** [B A, V] */
  readonly probabilities: Value
  readonly logits: Value
  /** [B A, 1] int32 */
  readonly targets: Value
  /** ln of each target's probability, [B A, 1] */
  readonly logLikelihood: Value
  /** Matrices and learned norms by name. */
  readonly parameters: ReadonlyMap<string, Value>
  /** The looked-up token embeddings [N, d]. */
  readonly rows: Value
}

function forward(
  { config, norms }: BiasFreeGpt2,
  batch: number,
  length: number,
  { fused = false, rows: place = 'graph', answers: A = length }: GradientGraphOptions,
): Forward {
  const { width: d, heads: H, vocabulary: V } = config
  const [B, T, N, D] = [batch, length, batch * length, headWidth(config)]
  checkAnswers(A, T)
  const graph = createGraph('gpt2_loss', { fused })
  const tokens = reshape(graph.input('tokens', 'int32', [B, T]), [N])
  const answered = (x: Value) => (A === T ? x : slice(x, 1, T - A, T)) // [B, T, ...] -> [B, A, ...]
  const targets = reshape(answered(graph.input('targets', 'int32', [B, T])), [B * A, 1])
  const parameters = new Map<string, Value>()
  const declare = ({ name, shape }: { name: string; shape: readonly number[] }) =>
    parameters.set(name, graph.input(name, 'float32', shape))
  for (const matrix of gpt2Matrices(config)) {
    if (matrix.name !== 'wte' || place === 'graph' || config.tiedHead) declare(matrix)
  }
  if (norms === 'learned') for (const norm of gpt2Norms(config)) declare(norm)
  const weight = (name: string) => parameters.get(name)!

  const ones = graph.constant({ dtype: 'float32', dims: [d], data: new Float32Array(d).fill(1) })
  const norm = (name: string, x: Value) =>
    norms === 'learned'
      ? layerNormalization(x, weight(`${name}.weight`), weight(`${name}.bias`), config.layerNormEpsilon)
      : layerNormalization(x, ones, undefined, config.layerNormEpsilon)
  const attend = causalAttention(tokens, T, fused)
  const heads = (x: Value) => transpose(reshape(x, [B, T, H, D]), [0, 2, 1, 3]) // [N, d] -> [B, H, T, D]
  const attention = (name: string, x: Value): Value => {
    const [q, k, v] = ['q', 'k', 'v'].map((part) => heads(gemm(x, weight(`${name}.${part}`))))
    return gemm(reshape(transpose(attend(q, k, v), [0, 2, 1, 3]), [N, d]), weight(`${name}.c_proj`))
  }
  const feedForward = (name: string, x: Value): Value =>
    gemm(activate(config, gemm(x, weight(`${name}.c_fc`))), weight(`${name}.c_proj`))

  const table = place === 'graph' ? weight('wte') : graph.input('wte.rows', 'float32', [V, d])
  const rows = gather(table, tokens) // [N, d]
  const positions = slice(weight('wpe'), 0, 0, T) // [T, d]
  let x = reshape(add(reshape(rows, [B, T, d]), positions), [N, d])
  for (let layer = 0; layer < config.layers; layer++) {
    x = add(x, attention(`h.${layer}.attn`, norm(`h.${layer}.ln_1`, x)))
    x = add(x, feedForward(`h.${layer}.mlp`, norm(`h.${layer}.ln_2`, x)))
  }
  const last = A === T ? x : reshape(answered(reshape(x, [B, T, d])), [B * A, d])
  const logits = gemm(norm('ln_f', last), weight(config.tiedHead ? 'wte' : 'lm_head'), { transB: true }) // [B A, V]
  const probabilities = softmax(logits)
  const logLikelihood = log(add(gatherElements(probabilities, targets, 1), scalar(tokens, LEAST_PROBABILITY))) // [B A, 1]
  return { graph, probabilities, logits, targets, logLikelihood, parameters, rows }
}

/**
 * softmax(q k' / sqrt D under the causal mask) v for [B, H, T, D] each. Queries are taken in blocks that meet only the keys
 * up to their own block's end, so that of the T x T products little more than the half that counts is computed.
 */
function causalAttention(like: Value, T: number, fused: boolean): (q: Value, k: Value, v: Value) => Value {
  const blocks = queryBlocks(T)
  const size = T / blocks
  const full = causalMask(like, size) // [T / blocks, T / blocks]: of a block's queries for its own keys
  const masks = Array.from({ length: blocks }, (_, i) => {
    if (i === 0) return full
    const data = new Float32Array(size * i * size)
    return concat([like.graph.constant({ dtype: 'float32', dims: [size, i * size], data }), full], 1)
  })
  const parts = (x: Value) => (blocks === 1 ? [x] : split(x, 2, Array(blocks).fill(size)))
  const joined = (values: readonly Value[]) => (values.length === 1 ? values[0] : concat(values, 2))
  return (q, k, v) => {
    const [queries, keys, values] = [q, k, v].map(parts)
    const scale = 1 / Math.sqrt(numericShape('attention:', q.shape)[3])
    const mixed = queries.map((query, i) => {
      const [seen, mixing] = [keys, values].map((all) => joined(all.slice(0, i + 1)))
      const logits = fused
        ? fusedMatMul(query, seen, { transB: true, alpha: scale })
        : mul(matMul(query, transpose(seen, [0, 1, 3, 2])), scalar(q, scale))
      return matMul(softmax(add(logits, masks[i])), mixing) // [B, H, T / blocks, D]
    })
    return joined(mixed)
  }
}

/** Blocks of at least this many queries: smaller ones cost more in copies than they save in products. */
const LEAST_BLOCK = 128

/** Into how many equal blocks T queries are divided: the most that leaves LEAST_BLOCK in each. */
function queryBlocks(T: number): number {
  let blocks = Math.max(1, Math.floor(T / LEAST_BLOCK))
  while (T % blocks !== 0) blocks--
  return blocks
}

/**
 * The loss alone: inputs `tokens` and `targets` [B, T] (int32), every matrix of `gpt2Matrices` and, when learned, every
 * norm of `gpt2Norms` by name (float32); output `loss`, the mean cross-entropy in nats, a scalar.
 */
export function gpt2LossGraph(
  model: BiasFreeGpt2,
  batch: number,
  length: number,
  options: LossGraphOptions = {},
): Graph {
  const { graph, logLikelihood } = forward(model, batch, length, options)
  graph.output('loss', meanLoss(logLikelihood))
  return graph
}

/** The same inputs; output `nats` [B A, 1], the cross-entropy of each target by itself, window after window. */
export function gpt2TokenLossGraph(
  model: BiasFreeGpt2,
  batch: number,
  length: number,
  options: LossGraphOptions = {},
): Graph {
  const { graph, logLikelihood } = forward(model, batch, length, options)
  graph.output('nats', neg(logLikelihood))
  return graph
}

const meanLoss = (logLikelihood: Value): Value => neg(reduceMean(logLikelihood, [0, 1], false))

/**
 * The loss and its gradients: as {@link gpt2LossGraph}, with outputs `d.NAME` for every matrix and learned norm too.
 * The backward pass starts from d loss / d logits = (softmax(logits) - one hot targets) / (B A).
 */
export function gpt2GradientGraph(
  model: BiasFreeGpt2,
  batch: number,
  length: number,
  options: GradientGraphOptions = {},
): Graph {
  const { graph, logLikelihood, logits, probabilities, targets, parameters, rows } = forward(
    model,
    batch,
    length,
    options,
  )
  const [N] = numericShape('logits:', logits.shape)
  const minus = expand(scalar(logits, -1 / N), [N, 1]) // stored as one number; ONNX Runtime spreads it when it loads
  const dLogits = scatterElements(mul(probabilities, scalar(logits, 1 / N)), targets, minus, 1, 'add')
  const names = [...parameters.keys()]
  const outside = options.rows === 'outside'
  const wrt = [...parameters.values(), ...(outside ? [rows] : [])]
  const found = pullBack([[logits, dLogits]], wrt)
  graph.output('loss', meanLoss(logLikelihood))
  for (const [i, gradient] of found.entries()) graph.output(i < names.length ? `d.${names[i]}` : 'd.rows', gradient)
  return graph
}
