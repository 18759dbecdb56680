export { createGenerator } from './generate.js'
export { instantiateKernels, type Kernels } from './kernels.js'
export { fillWeights } from './random.js'
export { createWasmSolver } from './subset-sum.js'
