/**
 * `strong-lottery-tickets/families`: what the definition of a family of transformers is written with, and `registerFamily`, which makes one known
 * to `strong-lottery-tickets` in the same process. docs/add-a-family.md is a walk-through.
 *
 *     registerFamily(toy)
 *     const target = await readModelFolder((name) => openFile(`toy-folder/${name}`)) // of strong-lottery-tickets
 *
 * Loads nothing of Node and no package.
 */

export {
  type Activation,
  type BaseConfig,
  type ConfigField,
  checkFields,
  checkHeadsDivide,
  sizeFields,
} from '../families/config.js'
export {
  checkConfig,
  countParameters,
  type Family,
  families,
  familyOf,
  matricesOf,
  orderedConfig,
  parametersOf,
  registerFamily,
} from '../families/family.js'
export type { GgufKeys, GgufLayout, GgufRecipe } from '../families/gguf-layout.js'
export { heldRecipe, linearRecipes } from '../families/gguf-recipe.js'
export { parametersIn, storedTensors } from '../families/hugging-face.js'
export type { ConfigReader, HuggingFaceLayout, TensorRecipe } from '../families/layout.js'
export {
  biasOf,
  gainOf,
  layerNormVectors,
  linearMap,
  type MatrixParameter,
  type MatrixRole,
  matrix,
  type Parameter,
  rmsNormVector,
  shiftOf,
  type VectorParameter,
} from '../families/parameter.js'
export type { AttentionSpec, EmbeddingPart, NormSpec, Port, TableIndex } from '../families/port.js'
export { asHeld, recipesOf } from '../families/recipe.js'
export type { ModelWeights, WeightTensor } from '../families/weights.js'
