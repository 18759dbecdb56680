export type { OpAttributes, OpName } from './attributes.js'
export { type Dimension, productOf } from './dimension.js'
export { encodeModel } from './encode-model.js'
export * from './functions/elementwise.js'
export { lengthOf, range, shapeOf } from './functions/lengths.js'
export * from './functions/matrix-product.js'
export { matMulIntegerToFloat, quantizeLinear } from './functions/quantisation.js'
export { matMulNBits, type QuantisedWeights } from './functions/quantised-weights.js'
export {
  concat,
  expand,
  gather,
  gatherElements,
  reshape,
  scatterElements,
  slice,
  split,
  transpose,
  zeros,
} from './functions/rearranging.js'
export {
  layerNormalization,
  layerNormalizationWithStatistics,
  reduceMax,
  reduceMean,
  reduceSum,
  rmsNormalization,
  softmax,
} from './functions/reduction.js'
export { gradients, pullBack } from './gradients.js'
export { createGraph } from './graph.js'
export { notDifferentiable, type Operator, type OutputGradients } from './operator.js'
export * from './operators/activation.js'
export { Expand } from './operators/broadcasting.js'
export * from './operators/elementary.js'
export * from './operators/elements.js'
export * from './operators/elementwise.js'
export { operators } from './operators/index.js'
export * from './operators/indexing.js'
export * from './operators/joining.js'
export * from './operators/logic.js'
export * from './operators/matrix-product.js'
export * from './operators/normalisation.js'
export * from './operators/quantisation.js'
export * from './operators/quantised-weights.js'
export * from './operators/rearranging.js'
export * from './operators/reduction.js'
export type { GraphRunner, LoadedGraph } from './runner.js'
export { createSessionCache, type SessionCache } from './session-cache.js'
export * from './tensor.js'
export type { CustomGradient, Graph, GraphOptions, Node, Value } from './value.js'
