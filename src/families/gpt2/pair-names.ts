import type { Gpt2Config } from './config.js'

/** A matrix of a GPT-2 that two pruned random matrices stand for when it is pruned. */
export interface Gpt2PairShape {
  /** `h.L.attn.J.qk`, `h.L.attn.J.vo`, `h.L.mlp.c_fc`, `h.L.mlp.c_proj` or `lm_head`. */
  readonly name: string
  /** Inputs d1, with the constant coordinate (the last one) where the map has biases. */
  readonly inputs: number
  /** Outputs d2. */
  readonly outputs: number
}

/**
 * Every pair of a model in the order a forward pass needs them: for each block, for each head the merged query-key matrix
 * [(d+1), (d+1)] and value-output matrix [(d+1), d], then the feed-forward matrices; the head [d, V] unless it is tied.
 */
export function gpt2PairShapes(config: Gpt2Config): Gpt2PairShape[] {
  const { width: d, inner, heads, layers, vocabulary } = config
  const pairs: Gpt2PairShape[] = []
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      pairs.push({ name: queryKeyPair(layer, head), inputs: d + 1, outputs: d + 1 })
      pairs.push({ name: valueOutputPair(layer, head), inputs: d + 1, outputs: d })
    }
    pairs.push({ name: feedForwardPair(layer, 'c_fc'), inputs: d + 1, outputs: inner })
    pairs.push({ name: feedForwardPair(layer, 'c_proj'), inputs: inner + 1, outputs: d })
  }
  if (!config.tiedHead) pairs.push({ name: 'lm_head', inputs: d, outputs: vocabulary })
  return pairs
}

/** Name of the pair for W_Q W_K' of a head. */
export const queryKeyPair = (layer: number, head: number): string => `h.${layer}.attn.${head}.qk`

/** Name of the pair for W_V W_O of a head. */
export const valueOutputPair = (layer: number, head: number): string => `h.${layer}.attn.${head}.vo`

/** Name of the pair for a feed-forward matrix. */
export const feedForwardPair = (layer: number, part: 'c_fc' | 'c_proj'): string => `h.${layer}.mlp.${part}`
