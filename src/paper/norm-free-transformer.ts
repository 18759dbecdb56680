/** Transformer without normalisation, float64 (paper, Theorems 11 and 14): blocks `F(Attn(x) + x) + Attn(x) + x`. */
import { type Attention, attend } from './attention.js'
import type { AttentionMask } from './attention-mask.js'
import { checkMatrix } from './matrix.js'

/** One linear layer without bias, y = x W. */
export interface DenseLayer {
  /** Integer >= 1. */
  inputs: number
  /** Integer >= 1. */
  outputs: number
  /** W, [inputs, outputs]. */
  weights: Float64Array
  /**
   * When present, weights [inputs, outputs] used in place of `weights` for the input coordinates below 0: the merged form
   * of a pair with a ReLU between (Pensia et al. 2020), `relu(x) weights - relu(-x) negativeWeights`.
   */
  negativeWeights?: Float64Array
}

/** F: layers with ReLU between them, none after the last. */
export type FeedForward = DenseLayer[]

/** One block; its attention and feed-forward map width d to width d. */
export interface Block {
  attention: Attention
  feedForward: FeedForward
}

/** B blocks one after the other, width d. */
export interface NormFreeTransformer {
  /** d, integer >= 1. */
  width: number
  blocks: Block[]
}

/**
 * F on every row.
 *
 * @param x [rows, first layer's inputs]
 * @returns [rows, last layer's outputs]
 */
export function feedForward(layers: FeedForward, x: Float64Array): Float64Array {
  let current = x
  layers.forEach((layer, index) => {
    if (index > 0) current = current.map((value) => Math.max(value, 0))
    current = applyDense(layer, current)
  })
  return current
}

function applyDense({ inputs, outputs, weights, negativeWeights }: DenseLayer, x: Float64Array): Float64Array {
  const rows = x.length / inputs
  if (!Number.isInteger(rows)) throw new RangeError(`"x" expected a multiple of ${inputs} values, got ${x.length}`)
  checkMatrix('weights', weights, inputs, outputs)
  if (negativeWeights) checkMatrix('negativeWeights', negativeWeights, inputs, outputs)
  const y = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < inputs; i++) {
      const value = x[row * inputs + i]
      const side = value < 0 && negativeWeights ? negativeWeights : weights
      for (let j = 0; j < outputs; j++) y[row * outputs + j] += value * side[i * outputs + j]
    }
  return y
}

/**
 * Forward pass of one block: `F(z) + z` with `z = Attn(x) + x`.
 *
 * @param x [T, d]
 * @returns [T, d]
 */
export function forwardBlock(block: Block, x: Float64Array, mask: AttentionMask = 'encoder'): Float64Array {
  if (block.attention.inputs !== block.attention.outputs)
    throw new RangeError(`"outputs" expected ${block.attention.inputs} for a residual, got ${block.attention.outputs}`)
  const z = attend(block.attention, x, mask)
  for (let i = 0; i < z.length; i++) z[i] += x[i]
  const y = feedForward(block.feedForward, z)
  if (y.length !== z.length) throw new RangeError(`"feedForward" expected to keep ${z.length} values, got ${y.length}`)
  for (let i = 0; i < y.length; i++) y[i] += z[i]
  return y
}

/**
 * Forward pass.
 *
 * @param x inputs, [T, d]
 * @param mask 'encoder' by default, the same in every block
 * @returns [T, d]
 */
export function forwardTransformer(
  model: NormFreeTransformer,
  x: Float64Array,
  mask: AttentionMask = 'encoder',
): Float64Array {
  return model.blocks.reduce((current, block) => forwardBlock(block, current, mask), x)
}
