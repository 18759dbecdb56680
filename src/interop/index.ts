export { type DenseTwin, denseTwin, exactBytes, exactConfig, type HeadForm, headForms } from './dense-twin.js'
export {
  encodeTruncated,
  type FolderTokenizer,
  openFolderTokenizer,
  readFolderTokenizer,
} from './folder-tokenizer.js'
export { type GgufContents, type GgufOutput, type GgufType, ggufTypes, modelGgufFile } from './gguf-file.js'
export { type GgufModel, openGgufModel } from './gguf-model.js'
export { type GgufTokenizer, ggufTokenizer, letterGgufTokenizer } from './gguf-tokenizer.js'
export type { GgufTokenizerFiles } from './gguf-tokenizer-files.js'
export { leftOutLines, type ModelFolder, openModelFolder, readModelFolder, refuseAdapter } from './hugging-face.js'
export type { MergedModel } from './merged-model.js'
export { type ModelOrigin, modelCard } from './model-card.js'
export { generationConfigFile, modelConfigFile, tokenizerFiles } from './model-files.js'
export { modelOnnxFile, ternaryOnnxFile } from './onnx-model.js'
export {
  checkTrainingBatch,
  denseTrainingFile,
  type TrainingFileOptions,
  ticketTrainingFile,
  type WeightPlace,
  weightPlaces,
} from './onnx-training.js'
export { type OutputFile, textFile } from './output-file.js'
export type { Bits } from './quantised-product.js'
export { type RecognisedTokenizer, recogniseTokenizer } from './recognise-tokenizer.js'
export {
  type Pooling,
  poolings,
  readSentenceSettings,
  type SentenceModel,
  type SentenceSettings,
} from './sentence-settings.js'
export {
  endTokens,
  type JsonText,
  readSpecialTokens,
  type SpecialTokens,
  specialTokens,
  unfollowedGeneration,
} from './special-tokens.js'
export type { OpenFile } from './weight-files.js'
export { type WeightFormat, weightFormats, weightsFile } from './weights-file.js'
