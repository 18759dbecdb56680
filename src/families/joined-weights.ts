import type { BaseConfig } from './config.js'
import { biasOf } from './parameter.js'
import { attentionSpecs } from './tape.js'
import { heldParameters, type ModelWeights, type WeightTensor } from './weights.js'

/**
 * The parameters that a model holds, with the query, key and value maps of every attention side by side as `NAME.qkv` [d, (H + 2 K) D] (and
 * `NAME.qkv.bias`): one product instead of three. The joined maps are copies, the others are the arrays given.
 * @throws as `heldParameters` does
 */
export function joinedWeights(config: BaseConfig, weights: ModelWeights): Map<string, WeightTensor> {
  const joined = new Map(heldParameters(config, weights).map(({ name }) => [name, weights.get(name)!]))
  for (const { name, query, key, value } of attentionSpecs(config)) {
    const parts = [query, key, value]
    joined.set(`${name}.qkv`, sideBySide(parts.map((part) => joined.get(part)!)))
    const biases = parts.map((part) => joined.get(biasOf(part)))
    if (biases[0]) joined.set(biasOf(`${name}.qkv`), sideBySide(biases.map((bias) => bias!)))
    for (const part of parts) {
      joined.delete(part)
      joined.delete(biasOf(part))
    }
  }
  return joined
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Matrices of as many rows, or vectors, next to each other. */
function sideBySide(parts: readonly WeightTensor[]): WeightTensor {
  const columns = parts.map(({ shape }) => shape[shape.length - 1])
  const width = sum(columns)
  const rows = parts[0].data.length / columns[0]
  const data = new Float32Array(rows * width)
  let from = 0
  for (const [i, part] of parts.entries()) {
    for (let row = 0; row < rows; row++) {
      data.set(part.data.subarray(row * columns[i], (row + 1) * columns[i]), row * width + from)
    }
    from += columns[i]
  }
  return { shape: [...parts[0].shape.slice(0, -1), width], data }
}
