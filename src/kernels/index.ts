export { type AdamW, type AdamWFactors, adamwFactors } from './adamw.js'
export { addRows } from './add-rows.js'
export {
  type CoatGroup,
  changedCodes,
  dotProduct,
  keepLargest,
  moveLatents,
  quantiseScores,
  quantiseValues,
  scaleValues,
  selectCoats,
  setMagnitudes,
  sumMagnitudes,
  wearCodes,
} from './coded-step.js'
export { type ChunkJob, createMaskDecoder, type DecodeMask, type ScoreStream } from './decode-mask.js'
export { createDenseStep, type DenseStep } from './dense-step.js'
export { createGenerator } from './generate.js'
export { type IntegerWeights, writeIntegerWeights } from './integer-weights.js'
export { instantiateKernels, type Kernels } from './kernels.js'
export {
  type MaskBits,
  makeMaskedWeights,
  makeTernaryCodes,
  PIECE_LIMIT,
  type PieceOnes,
  type WeightsPiece,
} from './masked-weights.js'
export {
  type ArrayShape,
  allocateParameters,
  type CodedMemory,
  type DenseMemory,
  type MatrixMemory,
  type ParameterMemory,
  type ParameterShape,
  type TicketMemory,
} from './parameter-memory.js'
export { type FillWeights, weightFiller } from './random.js'
export { moveSoftLevels, type SoftLevels, softLevelSquares, wearSoftLevels } from './soft-levels.js'
export { moveSoftScores, type Softness, softGradientSquares, spreadOfScores, wearSoft } from './soft-step.js'
export { createWasmSolver } from './subset-sum.js'
export {
  createTicketStep,
  keptOf,
  type Selection,
  selections,
  type TicketOptions,
  type TicketStep,
  type WasmTicketStep,
} from './ticket-step.js'
