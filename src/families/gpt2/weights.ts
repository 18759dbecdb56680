import { formatShape, type Shape, sameShape, sizeOf } from '../../graph/index.js'
import type { Gpt2Config } from './config.js'

/** One float32 weight tensor, row-major. */
export interface WeightTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

/** A model's weights under their Hugging Face names (`transformer.h.0.attn.c_attn.weight`), matrices stored [in, out]. */
export type Gpt2Weights = ReadonlyMap<string, WeightTensor>

/**
 * Names and shapes of a model's weights, in the order they are used; `lm_head.weight` only when the head is not tied.
 * Linear maps are [in, out] (Hugging Face's Conv1D), embeddings and `lm_head.weight` [V, d].
 */
export function gpt2TensorShapes(config: Gpt2Config): Map<string, Shape> {
  const { layers, width: d, inner, positions, vocabulary } = config
  const shapes = new Map<string, Shape>()
  const affine = (name: string, weight: Shape) =>
    shapes.set(`${name}.weight`, weight).set(`${name}.bias`, [weight[weight.length - 1]])

  shapes.set('transformer.wte.weight', [vocabulary, d]).set('transformer.wpe.weight', [positions, d])
  for (let layer = 0; layer < layers; layer++) {
    const block = `transformer.h.${layer}`
    affine(`${block}.ln_1`, [d])
    affine(`${block}.attn.c_attn`, [d, 3 * d])
    affine(`${block}.attn.c_proj`, [d, d])
    affine(`${block}.ln_2`, [d])
    affine(`${block}.mlp.c_fc`, [d, inner])
    affine(`${block}.mlp.c_proj`, [inner, d])
  }
  affine('transformer.ln_f', [d])
  if (!config.tiedHead) shapes.set('lm_head.weight', [vocabulary, d])
  return shapes
}

/** Whether a weight stays dense when a model is pruned: embeddings, LayerNorm gains and biases. */
export const isKeptDense = (name: string): boolean => /\.(wte|wpe|ln_1|ln_2|ln_f)\.(weight|bias)$/.test(name)

/** The parameter that a weight which stays dense holds: `wte`, `h.0.ln_1.bias`. */
export const denseParameter = (name: string): string =>
  name.replace(/^transformer\./, '').replace(/^(w[tp]e)\.weight$/, '$1')

/** Names and shapes of the weights that stay dense when a model is pruned; see {@link isKeptDense}. */
export const gpt2DenseShapes = (config: Gpt2Config): Map<string, Shape> =>
  new Map([...gpt2TensorShapes(config)].filter(([name]) => isKeptDense(name)))

/**
 * Checks that every expected tensor is there with its shape; further tensors are let be.
 * @throws RangeError naming the tensor, what was found and what was expected
 */
export function checkWeights(weights: Gpt2Weights, expected: ReadonlyMap<string, Shape>): void {
  for (const [name, shape] of expected) {
    const found = weights.get(name)
    if (!found) throw new RangeError(`weights lack ${name} ${formatShape(shape)}`)
    if (!sameShape(found.shape, shape)) {
      throw new RangeError(`${name} expected shape ${formatShape(shape)}, got ${formatShape(found.shape)}`)
    }
    if (!(found.data instanceof Float32Array)) throw new TypeError(`${name} expected a Float32Array`)
    if (found.data.length !== sizeOf(shape)) {
      throw new RangeError(`${name} expected ${sizeOf(shape)} elements, got ${found.data.length}`)
    }
  }
}

/** Number of parameters of a model, tied ones counted once. */
export const countParameters = (config: Gpt2Config): number =>
  [...gpt2TensorShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0)
