export { decodeTensor, encodeTensor, type WrittenType, whyNotHeld } from './blocks.js'
export { type GgufFile, type GgufTensor, openGguf, startsAsGguf } from './open.js'
export { type TensorType, tensorBytes, tensorTypes } from './tensor-type.js'
export { isFloat16, ternaryMagnitude } from './ternary.js'
export {
  arrayOf,
  bool,
  float32,
  type Item,
  type ItemType,
  type Metadata,
  type MetadataValue,
  text,
  uint32,
} from './value.js'
export { type GgufFileLayout, type GgufTensorPlan, planGguf } from './write.js'
