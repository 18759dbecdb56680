/** Between stored tensors and parameters, by the recipes of a family. */
import type { BaseConfig } from './config.js'
import { familyOf, parametersOf } from './family.js'
import type { TensorRecipe } from './layout.js'
import type { ModelWeights, WeightTensor } from './weights.js'

/** The parameters that a stored tensor holds. @param data float32, of the recipe's shape */
export function parametersIn(recipe: TensorRecipe, data: Float32Array, config: BaseConfig): [string, WeightTensor][] {
  const shapes = new Map(parametersOf(config).map(({ name, shape }) => [name, shape]))
  if (recipe.transposed) {
    const [name] = recipe.parts
    return [[name, { shape: shapes.get(name)!, data: transposed(data, recipe.shape[0]) }]]
  }
  if (recipe.parts.length === 1) return [[recipe.parts[0], { shape: shapes.get(recipe.parts[0])!, data }]]
  const width = recipe.shape[recipe.shape.length - 1]
  let from = 0
  return recipe.parts.map((name) => {
    const shape = shapes.get(name)!
    const columns = shape[shape.length - 1]
    const start = from
    from += columns
    return [name, { shape, data: columnsOf(data, width, start, columns) }]
  })
}

/** A tensor as it is stored. Biases and shifts that a model has not are 0, gains 1. */
export function storedTensor(recipe: TensorRecipe, weights: ModelWeights): WeightTensor {
  const { shape, parts } = recipe
  const size = shape.reduce((product, length) => product * length, 1)
  if (recipe.transposed) {
    const { data } = weights.get(parts[0])!
    return { shape, data: transposed(data, shape[1]) }
  }
  const held = parts.map((name) => weights.get(name)?.data)
  if (parts.length === 1 && held[0]) return { shape, data: held[0] }
  const data = new Float32Array(size)
  const width = shape[shape.length - 1]
  const columns = width / parts.length
  for (const [i, values] of held.entries()) {
    for (let row = 0; row < size / width; row++) {
      const at = row * width + i * columns
      if (values) data.set(values.subarray(row * columns, (row + 1) * columns), at)
      else if (isGain(recipe)) data.fill(1, at, at + columns)
    }
  }
  return { shape, data }
}

/** A norm's gain is the one vector that ends in `.weight`. */
const isGain = ({ shape, parts }: TensorRecipe): boolean => shape.length === 1 && parts[0].endsWith('.weight')

/** [rows, columns] -> [columns, rows]. */
export function transposed(data: Float32Array, rows: number): Float32Array {
  const columns = data.length / rows
  const out = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]
  return out
}

function columnsOf(data: Float32Array, width: number, from: number, count: number): Float32Array {
  const rows = data.length / width
  const out = new Float32Array(rows * count)
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * width + from, r * width + from + count), r * count)
  return out
}

/** Every tensor of a model as its folder stores it, by Hugging Face's names, in the order of the layout. */
export const storedTensors = (config: BaseConfig, weights: ModelWeights): Map<string, WeightTensor> =>
  new Map(
    familyOf(config)
      .huggingFace.tensors(config)
      .map((recipe) => [recipe.name, storedTensor(recipe, weights)]),
  )

/** The opposite of {@link storedTensors}. */
export function parametersOfStored(config: BaseConfig, stored: ReadonlyMap<string, WeightTensor>): ModelWeights {
  const recipes = familyOf(config).huggingFace.tensors(config)
  return new Map(recipes.flatMap((recipe) => parametersIn(recipe, stored.get(recipe.name)!.data, config)))
}
