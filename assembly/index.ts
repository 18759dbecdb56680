// Entry point of kernels.wasm. Memory from heapBase() on belongs to the caller; everything below is the kernels' own.
export { fillSignedConstant, fillNormal, fillUniform, fillWords } from './random'
export { solveBatch, solvePairColumn } from './subset-sum'
export { chooseUnits } from './choose-units'
export { addUnit, hardnessAfterSwap } from './swap-units'
export { packRows } from './pack-rows'
export { setAdamW, updateDense } from './adamw'
export { foundAt, updateScores } from './ticket-step'
export { applyThreshold, countDigits, countFlips, findNaN, histogramAt, keepCandidates } from './select'
export {
  countChanged, dotProduct, quantise, raiseCodes, scaleValues, setMagnitudes, signCodes, sumMagnitudes, updateLatents, wearCodes,
} from './coded-step'
export { updateSoftLevels, wearSoftLevels } from './soft-levels'
export { softGradientSquares, updateSoftScores, wearSoft } from './soft-step'
export { addRows } from './add-rows'
export { integerWeights } from './integer-weights'
export { countKept, fillMasked } from './masked-weights'
export { addCoat, dressWeights } from './dress-weights'
export { fillTernary, invertTernary } from './ternary-codes'
export { decodeChunk, decoderBytes } from './decode-mask'

/** First byte of linear memory that the caller may use. */
export function heapBase(): usize {
  return (__heap_base + 63) & ~63
}
