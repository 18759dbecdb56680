import type { GraphRunner, Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { hiddenGraph, logitsGraph, traceGraph } from './dense-graph.js'
import { checkConfig } from './family.js'
import { createFedSessions, encoderFeeds } from './fed-sessions.js'
import { joinedWeights } from './joined-weights.js'
import { type Encoder, type EncoderInputs, type LanguageModel, tokenTensor } from './language-model.js'
import type { ModelWeights } from './weights.js'

/** A dense model, ready to run. */
export interface DenseModel extends LanguageModel, Encoder {
  readonly weights: ModelWeights
  /** Logits of the next token; of an encoder, of the token at each position by the token embedding. */
  logits(tokens: Int32Array, batch: number, length: number, inputs?: EncoderInputs): Promise<Float32Array>
  /**
   * Every intermediate tensor of one forward pass that has a name, flat: N = B T rows. `tok_emb`, `pos_emb`, `x`; for each block L `h.L.`
   * followed by `qkv`, `q`, `k`, `v` [B, heads, T, D], `att` (masked logits), `attSm` [B, H, T, T], `y`, `yProj`; what the family names
   * beside them (a GPT-2: `h.L.` and `ln1`, `attnResid`, `ln2`, `fc`, `gelu`, `mlp`, `mlpResid`; `ln_f`); then `logits` and `probs`.
   * Arguments as for `logits`.
   */
  trace(tokens: Int32Array, batch: number, length: number, inputs?: EncoderInputs): Promise<Record<string, Tensor>>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * A model as one ONNX graph for each batch and length that it meets; the weights are fed as inputs. Query, key and value maps are copied next
 * to each other; the other weights are used where they lie.
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createDenseModel(runner: GraphRunner, config: BaseConfig, weights: ModelWeights): DenseModel {
  checkConfig(config)
  const joined = joinedWeights(config, weights)
  const sessions = createFedSessions(runner, joined)
  const build = { logits: logitsGraph, hidden: hiddenGraph, trace: traceGraph }

  const run = async (
    kind: keyof typeof build,
    tokens: Int32Array,
    batch: number,
    length: number,
    inputs?: EncoderInputs,
  ): Promise<Record<string, Tensor>> =>
    sessions.run(`${kind} ${batch} x ${length}`, () => build[kind](config, joined, batch, length), {
      tokens: tokenTensor(config, tokens, batch, length),
      ...encoderFeeds(config, batch, length, inputs),
    })
  return {
    config,
    weights,
    logits: async (tokens, batch, length, inputs) =>
      (await run('logits', tokens, batch, length, inputs)).logits.data as Float32Array,
    hidden: async (tokens, batch, length, inputs) =>
      (await run('hidden', tokens, batch, length, inputs)).hidden.data as Float32Array,
    trace: (tokens, batch, length, inputs) => run('trace', tokens, batch, length, inputs),
    release: () => sessions.release(),
  }
}
