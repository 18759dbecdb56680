import type { SearchedGpt2 } from '../engine/searched-weights.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { gpt2DenseTokenLossGraph } from '../families/gpt2/dense-loss.js'
import type { Gpt2Weights } from '../families/gpt2/weights.js'
import type { LanguageModel } from '../families/language-model.js'
import { float32, type GraphRunner } from '../graph/index.js'
import { bindTokenLoss, createLossEvaluator, type LossEvaluator } from '../search/loss-evaluator.js'

/** The loss of a searched network on batches of one size: the graph that the search validates with. */
export const createSearchedLoss = (
  runner: GraphRunner,
  network: SearchedGpt2,
  batch: number,
  length: number,
): Promise<LossEvaluator> =>
  createLossEvaluator(runner, network, (name) => network.parameters.get(name)!, batch, length)

/** The loss of a dense GPT-2 on batches of one size, computed in one graph. */
export async function createDenseLoss(
  runner: GraphRunner,
  config: Gpt2Config,
  weights: Gpt2Weights,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const feeds = Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, float32(shape, data)]))
  return bindTokenLoss(runner, gpt2DenseTokenLossGraph(config, batch, length), feeds, batch, length)
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
