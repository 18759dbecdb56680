import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import { tokenLossGraph } from '../families/loss-graph.js'
import { encodeModel, float32, type Graph, type GraphRunner, int32, numericShape, type Tensor } from '../graph/index.js'
import { type AnsweredModel, type ParameterLookup, parameterFeeds } from './loss-step.js'

/** A repeated computation of a model's loss on windows, each by itself. */
export interface LossEvaluator {
  /** [B, T], filled by the caller: each 0 <= token < V. */
  readonly tokens: Int32Array
  /** [B, T], filled by the caller: the token that follows each; of an encoder the token that is there. */
  readonly targets: Int32Array
  /** [B, T], of an encoder, filled by the caller: 1 where a target counts, 0 elsewhere. */
  readonly counts?: Float32Array | undefined
  /**
   * @returns the cross-entropy of each window in nats, over all its targets that count, [B]: summed in float64 in the order of the
   *   tokens, so that it does not depend on the windows beside it
   */
  run(): Promise<Float64Array>
  release(): Promise<void>
}

/**
 * The loss of a model without biases; no gradients.
 * @param parameter name of a matrix or learned norm -> its values, read where they lie at every run
 * @param batch B, windows of a run @param length T
 */
export function createLossEvaluator(
  runner: GraphRunner,
  model: AnsweredModel,
  parameter: ParameterLookup,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const { answers, config } = model
  const graph = tokenLossGraph(model, batch, length, { fused: runner.prefersFused, answers })
  const counts = targetCounts(config, batch, length)
  return bindTokenLoss(runner, graph, parameterFeeds(model, parameter), batch, length, counts)
}

/** What says of an encoder's targets which of them count, [B, T], zeros; other models have nothing such. */
export const targetCounts = (config: BaseConfig, batch: number, length: number): Float32Array | undefined =>
  familyOf(config).task === 'encoder' ? new Float32Array(batch * length) : undefined

/**
 * A graph of token losses, ready to be run again and again on a batch that the caller fills.
 * @param graph inputs `tokens` and `targets` [B, T] (int32) and those of `feeds`, output `nats` [B A, 1]
 * @param feeds read where they lie at every run
 * @param counts [B, T], where the graph has an input of that name
 */
export async function bindTokenLoss(
  runner: GraphRunner,
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  batch: number,
  length: number,
  counts?: Float32Array,
): Promise<LossEvaluator> {
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  const shape = numericShape('nats:', graph.outputs.get('nats')!.shape)
  const nats = new Float32Array(shape[0])
  const loaded = await runner.load(encodeModel(graph))
  const batchFeeds = {
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], targets),
    ...(counts ? { counts: float32([batch, length], counts) } : {}),
  }
  const compute = loaded.bind({ ...feeds, ...batchFeeds }, { nats: float32(shape, nats) })
  return {
    tokens,
    targets,
    counts,
    async run() {
      await compute()
      return sumsOf(nats, batch, counts)
    },
    release: () => loaded.release(),
  }
}

/** Sums of equal parts, in float64. @param values [count n] @param counts [count n]: what is 0 is left out @returns [count] */
function sumsOf(values: Float32Array, count: number, counts: Float32Array | undefined): Float64Array {
  const size = values.length / count
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0
    for (let n = i * size; n < (i + 1) * size; n++) if (counts?.[n] !== 0) sum += values[n]
    return sum
  })
}
