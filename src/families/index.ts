export { type AttentionReader, createAttentionReader } from './attention-reader.js'
export { CACHE_ROOM, createCachedDecoder } from './cached-decoder.js'
export type { Activation, BaseConfig } from './config.js'
export { createDenseModel, type DenseModel } from './dense-model.js'
export { type DraftedText, generateWithDraft } from './draft.js'
export {
  checkConfig,
  countParameters,
  type Family,
  families,
  familyNamed,
  familyOf,
  matricesOf,
  normVectorsOf,
  orderedConfig,
  parametersOf,
  registerFamily,
} from './family.js'
export * from './generate.js'
export { ggufLayoutOf, ggufPart, parametersByName, parametersInGguf } from './gguf.js'
export type { GgufKeys, GgufLayout, GgufRecipe } from './gguf-layout.js'
export { parametersIn, parametersOfStored, storedTensor, storedTensors } from './hugging-face.js'
export type { Encoder, EncoderInputs, LanguageModel } from './language-model.js'
export type { ConfigReader, HuggingFaceLayout, TensorRecipe } from './layout.js'
export { type LossModel, lossParameters, type Norms, normKinds } from './loss-graph.js'
export { fanIn, type MatrixParameter, type MatrixRole, type Parameter } from './parameter.js'
export { randomModelWeights } from './random.js'
export { checkSampling, largestIndex, type Sampling, sampleToken } from './sampling.js'
export { checkWeights, heldParameters, type ModelWeights, normsAmong, type WeightTensor, weightsOf } from './weights.js'
