import { gpt2TokenLossGraph } from '../families/gpt2/loss.js'
import { encodeModel, float32, type Graph, type GraphRunner, int32, numericShape, type Tensor } from '../graph/index.js'
import { type LossModel, parameterFeeds } from './loss-step.js'

/** A repeated computation of a model's loss on windows, each by itself. */
export interface LossEvaluator {
  /** [B, T], filled by the caller: each 0 <= token < V. */
  readonly tokens: Int32Array
  /** [B, T], filled by the caller: the token that follows each. */
  readonly targets: Int32Array
  /**
   * @returns the cross-entropy of each window in nats, over all its targets, [B]: summed in float64 in the order of the
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
  model: LossModel,
  parameter: (name: string) => Float32Array,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const { answers } = model
  const graph = gpt2TokenLossGraph(model, batch, length, { fused: runner.prefersFused, answers })
  return bindTokenLoss(runner, graph, parameterFeeds(model, parameter), batch, length)
}

/**
 * A graph of token losses, ready to be run again and again on a batch that the caller fills.
 * @param graph inputs `tokens` and `targets` [B, T] (int32) and those of `feeds`, output `nats` [B A, 1]
 * @param feeds read where they lie at every run
 */
export async function bindTokenLoss(
  runner: GraphRunner,
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  const shape = numericShape('nats:', graph.outputs.get('nats')!.shape)
  const nats = new Float32Array(shape[0])
  const loaded = await runner.load(encodeModel(graph))
  const batchFeeds = { tokens: int32([batch, length], tokens), targets: int32([batch, length], targets) }
  const compute = loaded.bind({ ...feeds, ...batchFeeds }, { nats: float32(shape, nats) })
  return {
    tokens,
    targets,
    async run() {
      await compute()
      return sumsOf(nats, batch)
    },
    release: () => loaded.release(),
  }
}

/** Sums of equal parts, in float64. @param values [count n] @returns [count] */
function sumsOf(values: Float32Array, count: number): Float64Array {
  const size = values.length / count
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0
    for (let n = i * size; n < (i + 1) * size; n++) sum += values[n]
    return sum
  })
}
