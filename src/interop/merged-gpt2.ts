import type { Gpt2Config } from '../families/gpt2/config.js'
import type { Gpt2Weights } from '../families/gpt2/weights.js'

/**
 * A pruned GPT-2 with each pair of random matrices multiplied out: what a dense GPT-2 has to compute. A head is
 * softmax(x~ M x~') x~ N with x~ = [x, 1], M merged from queries and keys (its scale folded in) and N from values and output.
 */
export interface MergedGpt2 {
  readonly config: Gpt2Config
  /** Embeddings and LayerNorm weights, `gpt2DenseShapes(config)`. */
  readonly dense: Gpt2Weights
  /**
   * The matrix of a pair, float64 [inputs, outputs], by the name of `gpt2PairShapes`; the last input is the constant where
   * the map has biases.
   */
  merged(name: string): Promise<Float64Array>
}

/** A dense GPT-2. */
export interface DenseGpt2 {
  readonly config: Gpt2Config
  readonly weights: Gpt2Weights
}
