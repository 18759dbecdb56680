import { fromBinary } from '@bufbuild/protobuf'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { gpt2DenseLossGraph } from '../families/gpt2/dense-loss.js'
import { gpt2GradientGraph } from '../families/gpt2/loss.js'
import { type BiasFreeGpt2, gpt2Matrices, gpt2Norms } from '../families/gpt2/matrices.js'
import type { Gpt2Weights } from '../families/gpt2/weights.js'
import { encodeModel, type Graph, gradients } from '../graph/index.js'
import { ModelProtoSchema } from '../graph/proto/onnx_pb.js'
import { floatInitializer, onnxFile } from './onnx-file.js'
import type { OutputFile } from './output-file.js'

/** Where a training graph has its weights from. */
export const weightPlaces = ['initializers', 'inputs'] as const
export type WeightPlace = (typeof weightPlaces)[number]

/** Most tokens B T of a batch of several sequences: far more than any device takes in one step. */
export const BATCH_TOKENS_LIMIT = 2 ** 20

/** The shape of a batch, and where the weights come from. */
export interface TrainingFileOptions {
  /** Sequences B, an integer >= 1; B T is at most 2^20 where B is above 1. */
  readonly batch: number
  /** Tokens a sequence T, 1 <= T <= positions. */
  readonly length: number
  /**
   * `initializers`: the file holds the weights, as initializers that are inputs too, so that what is fed under their names
   * replaces them. `inputs`: weights are inputs that must be fed, and the file holds none.
   */
  readonly weights: WeightPlace
}

/**
 * The loss and its gradients as an ONNX file, by a network's own matrices (`wte`, `h.0.attn.q`, ... of a GPT-2 without
 * biases). Inputs `tokens` and `targets` [B, T] (int32) and the weights; outputs `loss`, the mean cross-entropy in nats, and
 * `d.NAME` for each weight.
 * @param parameter values of a matrix or learned norm by name
 * @throws RangeError as {@link checkTrainingBatch}
 */
export function ticketTrainingFile(
  path: string,
  model: BiasFreeGpt2,
  parameter: (name: string) => Float32Array,
  options: TrainingFileOptions,
): OutputFile {
  checkTrainingBatch(model.config.positions, options)
  const sized = [...gpt2Matrices(model.config), ...(model.norms === 'learned' ? gpt2Norms(model.config) : [])]
  const values: Gpt2Weights = new Map(sized.map(({ name, shape }) => [name, { shape, data: parameter(name) }]))
  return trainingFile(path, gpt2GradientGraph(model, options.batch, options.length), values, options)
}

/** The same for any dense GPT-2, biases and all: weights and gradients go by Hugging Face names. @throws as there */
export function denseTrainingFile(
  path: string,
  config: Gpt2Config,
  weights: Gpt2Weights,
  options: TrainingFileOptions,
): OutputFile {
  checkTrainingBatch(config.positions, options)
  const graph = gpt2DenseLossGraph(config, options.batch, options.length)
  const inputs = graph.inputs.filter(({ name }) => weights.has(name))
  const found = gradients(graph.outputs.get('loss')!, inputs)
  for (const [i, { name }] of inputs.entries()) graph.output(`d.${name}`, found[i])
  return trainingFile(path, graph, weights, options)
}

function trainingFile(path: string, graph: Graph, weights: Gpt2Weights, options: TrainingFileOptions): OutputFile {
  const stored = options.weights === 'initializers' ? [...weights] : []
  return onnxFile(
    path,
    fromBinary(ModelProtoSchema, encodeModel(graph)),
    stored.map(([name, { shape, data }]) => floatInitializer(name, shape, data)),
  )
}

/**
 * Throws RangeError unless a training graph can be made for batches of this shape.
 * @param positions the model's context
 */
export function checkTrainingBatch(positions: number, { batch, length }: { batch: number; length: number }): void {
  const expect = (name: string, value: number, most: number, why = '') => {
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return
    const range = value > most ? `<= ${most}${why}` : '>= 1'
    throw new RangeError(`"${name}" expected an integer ${range}, got ${value}`)
  }
  expect('length', length, positions)
  const most = Math.max(1, Math.floor(BATCH_TOKENS_LIMIT / length))
  expect('batch', batch, most, ` with ${length} tokens a sequence (${BATCH_TOKENS_LIMIT} in all)`)
}
