import { fromBinary } from '@bufbuild/protobuf'
import {
  type BaseConfig,
  familyOf,
  heldParameters,
  type LossModel,
  lossParameters,
  type ModelWeights,
  normsAmong,
  weightsOf,
} from '../families/index.js'
import { gradientGraph } from '../families/loss-graph.js'
import { encodeModel, type Graph } from '../graph/index.js'
import { ModelProtoSchema } from '../graph/proto/onnx_pb.js'
import { floatInitializer, onnxFile } from './onnx-file.js'
import type { OutputFile } from './output-file.js'

/** Where a training graph has its weights from. */
export const weightPlaces = ['initializers', 'inputs'] as const
export type WeightPlace = (typeof weightPlaces)[number]

/** Most tokens B T of a batch of several sequences: far more than any device takes in one step. */
export const BATCH_TOKENS_LIMIT = 2 ** 20

/** Tokens of one sequence of a training graph: a graph holds tables of its positions, and a file may claim a context of any length. */
const LENGTH_LIMIT = 2 ** 22

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
 * The loss and its gradients as an ONNX file, by the parameters of its family. Inputs `tokens` and
 * `targets` [B, T] (int32), of an encoder also `mask` (1 for a token, 0 for padding) and `counts` (how much each target counts; both float32 [B, T])
 * and `types` (int32 [B, T]), and the weights; outputs `loss`, the mean cross-entropy in nats, and
 * `d.NAME` for each weight.
 * @param parameter values of a matrix or learned norm by name
 * @throws RangeError as {@link checkTrainingBatch}
 */
export function ticketTrainingFile(
  path: string,
  model: LossModel,
  parameter: (name: string) => Float32Array,
  options: TrainingFileOptions,
): OutputFile {
  checkTrainingBatch(model.config.positions, options)
  const values = weightsOf(lossParameters(model), parameter)
  const padded = familyOf(model.config).task === 'encoder'
  return trainingFile(path, gradientGraph(model, options.batch, options.length, { padded }), values, options)
}

/** The same for any dense model, biases and all. @throws as there */
export function denseTrainingFile(
  path: string,
  config: BaseConfig,
  weights: ModelWeights,
  options: TrainingFileOptions,
): OutputFile {
  const held = heldParameters(config, weights)
  const biases = held.some(({ kind }) => kind === 'bias')
  const norms = normsAmong(config, held)
  return ticketTrainingFile(path, { config, norms, biases }, (name) => weights.get(name)!.data, options)
}

function trainingFile(path: string, graph: Graph, weights: ModelWeights, options: TrainingFileOptions): OutputFile {
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
  expect('length', length, Math.min(positions, LENGTH_LIMIT))
  const most = Math.max(1, Math.floor(BATCH_TOKENS_LIMIT / length))
  expect('batch', batch, most, ` with ${length} tokens a sequence (${BATCH_TOKENS_LIMIT} in all)`)
}
