/** Between the tensors of a GGUF file and parameters, by the recipes of a family. */
import { sizeOf } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { familyOf, parametersOf } from './family.js'
import type { GgufLayout, GgufRecipe } from './gguf-layout.js'
import { transposed } from './hugging-face.js'
import type { Parameter } from './parameter.js'
import type { ModelWeights, WeightTensor } from './weights.js'

/**
 * The GGUF layout of a configuration's family.
 * @throws RangeError where the family has none, or llama.cpp does not run the model
 */
export function ggufLayoutOf(config: BaseConfig): GgufLayout<BaseConfig> {
  const { gguf, title } = familyOf(config)
  if (gguf === undefined) {
    throw new RangeError(
      `"to" expected another form than gguf for a ${title}: llama.cpp does not run it as it is run here`,
    )
  }
  const reason = gguf.whyNot(config)
  if (reason !== undefined) throw new RangeError(`"to" expected another form than gguf: ${reason}`)
  return gguf
}

/** A family's parameters by their names. */
export const parametersByName = (config: BaseConfig): ReadonlyMap<string, Parameter> =>
  new Map(parametersOf(config).map((parameter) => [parameter.name, parameter]))

/** The rows of one part of a tensor. Biases and shifts that a model has not are 0, gains 1. */
export function ggufPart(
  { transposed: isTransposed, alternatingHeads }: GgufRecipe,
  { name, kind, shape }: Parameter,
  weights: ModelWeights,
): Float32Array {
  const found = weights.get(name)?.data
  if (found === undefined) return new Float32Array(sizeOf(shape)).fill(kind === 'gain' ? 1 : 0)
  const rows = isTransposed ? transposed(found, shape[0]) : found
  return alternatingHeads === undefined
    ? rows
    : reordered(rows, rowLengthOf(shape, isTransposed), alternatingHeads, true)
}

/** The parameters that a tensor holds. @param data float32, of the recipe's shape */
export function parametersInGguf(
  recipe: GgufRecipe,
  data: Float32Array,
  parameters: ReadonlyMap<string, Parameter>,
): [string, WeightTensor][] {
  let from = 0
  return recipe.parts.map((name) => {
    const { shape } = parameters.get(name)!
    const rows = data.subarray(from, from + sizeOf(shape))
    from += rows.length
    const heads = recipe.alternatingHeads
    const own = heads === undefined ? rows : reordered(rows, rowLengthOf(shape, recipe.transposed), heads, false)
    return [name, { shape, data: recipe.transposed ? transposed(own, own.length / shape[0]) : own }]
  })
}

/** Length of a row as it lies in a file; a vector's rows are single numbers. */
const rowLengthOf = (shape: readonly number[], isTransposed: boolean): number =>
  shape.length === 1 ? 1 : isTransposed ? shape[0] : shape[1]

/** The rows of each head: those of the two halves one after the other, or alternating. */
function reordered(data: Float32Array, rowLength: number, heads: number, alternate: boolean): Float32Array {
  const out = new Float32Array(data.length)
  const rows = data.length / rowLength / heads
  const half = rows / 2
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < rows; i++) {
      const pairwise = 2 * (i % half) + Math.floor(i / half)
      const [from, to] = alternate ? [i, pairwise] : [pairwise, i]
      const at = (head * rows + from) * rowLength
      out.set(data.subarray(at, at + rowLength), (head * rows + to) * rowLength)
    }
  }
  return out
}
