import { encodeModel, float32, type GraphRunner, int32, type Tensor } from '../graph/index.js'
import { gpt2LossGraph } from '../model/gpt2-loss.js'
import { gpt2Matrices, gpt2Norms } from '../model/gpt2-matrices.js'
import type { LanguageModel } from '../model/gpt2-tokens.js'
import type { LossStep } from '../search/loss-step.js'
import type { SearchedGpt2 } from './searched-weights.js'

/** The loss of a searched network on batches of one size: the graph that the search validates with. */
export async function createSearchedLoss(
  runner: GraphRunner,
  network: SearchedGpt2,
  batch: number,
  length: number,
): Promise<LossStep> {
  const { config, norms, parameters } = network
  const graph = gpt2LossGraph(network, batch, length, { fused: runner.prefersFused })
  const loaded = await runner.load(encodeModel(graph))
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  const feeds: Record<string, Tensor> = {
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], targets),
  }
  for (const { name, shape } of [...gpt2Matrices(config), ...(norms === 'learned' ? gpt2Norms(config) : [])]) {
    feeds[name] = float32(shape, parameters.get(name)!)
  }
  return {
    tokens,
    targets,
    async run() {
      const { loss } = await loaded.run(feeds)
      return (loss.data as Float32Array)[0]
    },
    release: () => loaded.release(),
  }
}

/** The loss of any language model, from its logits in float64. */
export function createLogitsLoss(model: LanguageModel, batch: number, length: number): LossStep {
  const { vocabulary: V } = model.config
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  return {
    tokens,
    targets,
    async run() {
      const logits = await model.logits(tokens, batch, length) // [B, T, V]
      let nats = 0
      for (let n = 0; n < targets.length; n++) {
        nats += crossEntropy(logits.subarray(n * V, (n + 1) * V), targets[n])
      }
      return nats / targets.length
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
