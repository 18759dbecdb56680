/** What the heads of a dense GPT-2 look at. */
import {
  createGraph,
  createSessionCache,
  float32,
  type Graph,
  type GraphRunner,
  type Tensor,
} from '../../graph/index.js'
import { paddedLength } from '../generate.js'
import { tokenTensor } from '../language-model.js'
import { checkGpt2Config, type Gpt2Config } from './config.js'
import { block, embed, type Observe } from './layers.js'
import { checkWeights, type Gpt2Weights, gpt2TensorShapes } from './weights.js'

/** Reads texts for their attention alone. */
export interface AttentionReader {
  /**
   * Attention probabilities of a text of T tokens, read from position 0.
   * @param tokens 1 <= T <= config.positions of them
   * @returns of each layer [H, T, T], float32: row t, column s is how much token t takes from token s <= t; rows sum to 1
   * @throws RangeError for a token out of range, or too many of them
   */
  read(tokens: readonly number[]): Promise<Float32Array[]>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * An attention reader. Texts are padded at the end to powers of two, which causal attention cannot see, so that few graphs are built.
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createAttentionReader(runner: GraphRunner, config: Gpt2Config, weights: Gpt2Weights): AttentionReader {
  checkGpt2Config(config)
  checkWeights(weights, gpt2TensorShapes(config))
  const sessions = createSessionCache(runner, 4)
  const names = usedWeights(config)
  return {
    async read(tokens) {
      if (tokens.length < 1 || tokens.length > config.positions) {
        throw new RangeError(`"tokens" expected 1 to ${config.positions} tokens, got ${tokens.length}`)
      }
      const length = paddedLength(tokens.length, config.positions)
      const padded = new Int32Array(length)
      padded.set(tokens)
      const feeds: Record<string, Tensor> = { tokens: tokenTensor(config, padded, 1, length) }
      for (const name of names) feeds[name] = float32(weights.get(name)!.shape, weights.get(name)!.data)
      const session = await sessions.get(`${length}`, () => attentionGraph(config, length))
      const results = await session.run(feeds)
      return Array.from({ length: config.layers }, (_, layer) => {
        return unpadded(results[`h.${layer}.attSm`].data as Float32Array, config.heads, length, tokens.length)
      })
    },
    release: () => sessions.release(),
  }
}

/** Inputs `tokens` [1, T] (int32) and the weights that attention depends on; outputs `h.N.attSm` [1, H, T, T]. */
export function attentionGraph(config: Gpt2Config, length: number): Graph {
  const graph = createGraph('gpt2_attention')
  const shapes = gpt2TensorShapes(config)
  const values = new Map(
    usedWeights(config).map((name) => [name, graph.input(name, 'float32', shapes.get(name)!)] as const),
  )
  const tokens = graph.input('tokens', 'int32', [1, length])
  const observe: Observe = (name, value) => (name.endsWith('.attSm') ? graph.output(name, value) : value)
  const weight = (name: string) => values.get(name)!
  let x = embed(weight, tokens)
  for (let layer = 0; layer < config.layers; layer++) x = block(config, weight, layer, x, observe)
  return graph
}

/** All but the last LayerNorm and the head. */
const usedWeights = (config: Gpt2Config): string[] =>
  [...gpt2TensorShapes(config).keys()].filter((name) => !/ln_f|lm_head/.test(name))

/** The first T rows and columns of [H, padded, padded]. */
function unpadded(values: Float32Array, heads: number, padded: number, length: number): Float32Array {
  const out = new Float32Array(heads * length * length)
  for (let row = 0; row < heads * length; row++) {
    const from = (Math.floor(row / length) * padded + (row % length)) * padded
    out.set(values.subarray(from, from + length), row * length)
  }
  return out
}
