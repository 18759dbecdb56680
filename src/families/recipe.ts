/** Recipes of tensors, as most families write them. */
import type { Shape } from '../graph/index.js'
import type { TensorRecipe } from './layout.js'
import type { Parameter } from './parameter.js'

/** A recipe of one parameter that is stored as it is held. */
export const asHeld = (name: string, parameter: string, shape: Shape): TensorRecipe => ({
  name,
  shape,
  parts: [parameter],
  transposed: false,
})

/**
 * Recipes of a family whose folders hold one tensor a parameter, linear maps [out, in].
 * @param nameOf Hugging Face's name of a parameter, without `.weight` and `.bias` where it is a matrix or a bias
 */
export function recipesOf(parameters: readonly Parameter[], nameOf: (parameter: string) => string): TensorRecipe[] {
  return parameters.map((parameter) => {
    if (parameter.kind !== 'matrix') {
      const [, base, end] = /^(.*)(\.weight|\.bias)$/.exec(parameter.name)!
      return asHeld(`${nameOf(base)}${end}`, parameter.name, parameter.shape)
    }
    const { name, shape } = parameter
    const stored = `${nameOf(name)}.weight`
    const isLinear = !parameter.role.endsWith('-embedding') && parameter.role !== 'head'
    if (!isLinear) return asHeld(stored, name, shape)
    return { name: stored, shape: [shape[1], shape[0]], parts: [name], transposed: true }
  })
}
