export { type Bound, type BoundsOptions, bounds } from './bounds.js'
export { type AttentionErrors, attentionErrorBound, softmaxPerturbationBound } from './perturbation.js'
export {
  type FactoredShape,
  factoredLogitBound,
  factoredWidth,
  rotaryLogitBound,
  rotaryWidth,
  type ScoreSums,
  scoreSums,
} from './rotary.js'
export {
  type AttentionShape,
  type BlockConstants,
  type BlockWidths,
  blockConstants,
  leastAlpha,
  matrixWidth,
  queryKeyWidth,
  type TransformerShape,
  transformerWidths,
  valueWidth,
  type WidthRequirement,
} from './width.js'
