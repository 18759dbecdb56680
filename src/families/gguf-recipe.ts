/** Recipes of a GGUF file's tensors, as most families write them. */
import type { GgufRecipe } from './gguf-layout.js'

/** Recipes of a linear map of one part or several, and of their biases. */
export const linearRecipes = (
  name: string,
  parts: readonly string[],
  shape: readonly [out: number, input: number],
  bias: boolean,
  alternatingHeads?: number,
): GgufRecipe[] => {
  const heads = alternatingHeads === undefined ? {} : { alternatingHeads }
  const weight = { name: `${name}.weight`, shape, parts, transposed: true, ...heads }
  const biases = parts.map((part) => `${part}.bias`)
  return bias
    ? [weight, { name: `${name}.bias`, shape: [shape[0]], parts: biases, transposed: false, ...heads }]
    : [weight]
}

/** The recipe of one parameter that lies as it is held. */
export const heldRecipe = (name: string, parameter: string, shape: readonly number[]): GgufRecipe => ({
  name,
  shape,
  parts: [parameter],
  transposed: false,
})
