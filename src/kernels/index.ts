export { createGenerator } from './generate.js'
export { instantiateKernels, type Kernels } from './kernels.js'
export { type FillWeights, weightFiller } from './random.js'
export { createWasmSolver } from './subset-sum.js'
