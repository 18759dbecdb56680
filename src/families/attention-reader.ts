/** What the heads of a dense model look at. */
import type { GraphRunner } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { attentionGraph } from './dense-graph.js'
import { checkConfig, familyOf } from './family.js'
import { createFedSessions, encoderFeeds } from './fed-sessions.js'
import { paddedLength } from './generate.js'
import { joinedWeights } from './joined-weights.js'
import { tokenTensor } from './language-model.js'
import type { ModelWeights } from './weights.js'

/** Reads texts for their attention alone. */
export interface AttentionReader {
  /**
   * Attention probabilities of a text of T tokens, read from position 0.
   * @param tokens 1 <= T <= config.positions of them
   * @returns of each layer [H, T, T], float32: row t, column s is how much token t takes from token s (s <= t where the model is causal); rows sum to 1
   * @throws RangeError for a token out of range, or too many of them
   */
  read(tokens: readonly number[]): Promise<Float32Array[]>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * An attention reader. Texts are padded at the end to powers of two, which no token sees, so that few graphs are built.
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createAttentionReader(runner: GraphRunner, config: BaseConfig, weights: ModelWeights): AttentionReader {
  checkConfig(config)
  const joined = joinedWeights(config, weights)
  const sessions = createFedSessions(runner, joined, 4)
  return {
    async read(tokens) {
      if (tokens.length < 1 || tokens.length > config.positions) {
        throw new RangeError(`"tokens" expected 1 to ${config.positions} tokens, got ${tokens.length}`)
      }
      const length = paddedLength(tokens.length, config.positions)
      const padded = new Int32Array(length)
      padded.set(tokens)
      const mask = new Float32Array(length).fill(1, 0, tokens.length)
      const feeds = {
        tokens: tokenTensor(config, padded, 1, length),
        ...encoderFeeds(config, 1, length, familyOf(config).task === 'encoder' ? { mask } : {}),
      }
      const results = await sessions.run(`${length}`, () => attentionGraph(config, joined, 1, length), feeds)
      return Array.from({ length: config.layers }, (_, layer) => {
        return unpadded(results[`h.${layer}.attSm`].data as Float32Array, config.heads, length, tokens.length)
      })
    },
    release: () => sessions.release(),
  }
}

/** The first T rows and columns of [H, padded, padded]. */
function unpadded(values: Float32Array, heads: number, padded: number, length: number): Float32Array {
  const out = new Float32Array(heads * length * length)
  for (let row = 0; row < heads * length; row++) {
    const from = (Math.floor(row / length) * padded + (row % length)) * padded
    out.set(values.subarray(from, from + length), row * length)
  }
  return out
}
