import type { BiasFreeGpt2 } from '../families/gpt2/matrices.js'
import { type Gpt2Weights, gpt2TensorShapes, type WeightTensor } from '../families/gpt2/weights.js'
import { sizeOf } from '../graph/index.js'

/** A bias-free GPT-2's values by the names of `gpt2Matrices` and `gpt2Norms`. */
export type ParameterLookup = (name: string) => Float32Array

/**
 * The same model under Hugging Face names: queries, keys and values side by side in `c_attn`, biases 0, and gains 1 and
 * biases 0 for plain norms.
 */
export function huggingFaceWeights({ config, norms }: BiasFreeGpt2, parameter: ParameterLookup): Gpt2Weights {
  const weights = new Map<string, WeightTensor>()
  for (const [name, shape] of gpt2TensorShapes(config)) {
    const own = name.replace(/^transformer\./, '')
    const data = new Float32Array(sizeOf(shape))
    if (/\.ln_[12]\.|^ln_f\./.test(own)) {
      if (norms === 'learned') data.set(parameter(own))
      else if (own.endsWith('.weight')) data.fill(1)
    } else if (own.endsWith('attn.c_attn.weight')) {
      const d = config.width
      for (const [part, letter] of ['q', 'k', 'v'].entries()) {
        const values = parameter(own.replace('c_attn.weight', letter))
        for (let row = 0; row < d; row++) data.set(values.subarray(row * d, (row + 1) * d), (3 * row + part) * d)
      }
    } else if (own.endsWith('.weight')) {
      data.set(parameter(own.replace(/\.weight$/, '')))
    }
    weights.set(name, { shape, data })
  }
  return weights
}
