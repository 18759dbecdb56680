export { type CodedMask, type Magnitudes, type MaskShape, splitChunks } from './coded-mask.js'
export { decodeMask } from './decode-mask.js'
export { encodeMask } from './encode-mask.js'
export { type ChunkRange, chunkRange, type MaskGeometry, maskGeometry } from './geometry.js'
export { inflate } from './inflate.js'
export { leastDeflatedBytes, leastMaskBytes, leastStreamBytes } from './least-bytes.js'
export {
  MAGNITUDE_BITS,
  type MaskParameters,
  packParameters,
  priors,
  startProbability,
  unpackParameters,
} from './parameters.js'
export { CodingError } from './rans.js'
