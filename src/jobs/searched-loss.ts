import type { SearchedNetwork } from '../engine/searched-weights.js'
import {
  type BaseConfig,
  heldParameters,
  type LanguageModel,
  type ModelWeights,
  normsAmong,
} from '../families/index.js'
import { tokenLossGraph } from '../families/loss-graph.js'
import { float32, type GraphRunner } from '../graph/index.js'
import { bindTokenLoss, createLossEvaluator, type LossEvaluator, targetCounts } from '../search/loss-evaluator.js'

/** The loss of a searched network on batches of one size: the graph that the search validates with. */
export const createSearchedLoss = (
  runner: GraphRunner,
  network: SearchedNetwork,
  batch: number,
  length: number,
): Promise<LossEvaluator> =>
  createLossEvaluator(runner, network, (name) => network.parameters.get(name)!, batch, length)

/** The loss of a dense model on batches of one size, computed in one graph. */
export async function createDenseLoss(
  runner: GraphRunner,
  config: BaseConfig,
  weights: ModelWeights,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const held = heldParameters(config, weights)
  const feeds = Object.fromEntries(held.map(({ name, shape }) => [name, float32(shape, weights.get(name)!.data)]))
  const biases = held.some(({ kind }) => kind === 'bias')
  const norms = normsAmong(config, held)
  const graph = tokenLossGraph({ config, norms, biases }, batch, length)
  return bindTokenLoss(runner, graph, feeds, batch, length, targetCounts(config, batch, length))
}

/** The loss of any language model, from its logits in float64. */
export function createLogitsLoss(model: LanguageModel, batch: number, length: number): LossEvaluator {
  const { vocabulary: V } = model.config
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  return {
    tokens,
    targets,
    async run() {
      const logits = await model.logits(tokens, batch, length) // [B, T, V]
      return Float64Array.from({ length: batch }, (_, b) => {
        let nats = 0
        for (let n = b * length; n < (b + 1) * length; n++) {
          nats += crossEntropy(logits.subarray(n * V, (n + 1) * V), targets[n])
        }
        return nats
      })
    },
    release: async () => {},
  }
}

/** -ln softmax(logits)[target], in nats. */
function crossEntropy(logits: Float32Array, target: number): number {
  const top = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - top), 0)
  return Math.log(sum) + top - logits[target]
}
