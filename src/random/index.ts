export { MAGNITUDE_BITS, magnitudes, signedMagnitudes } from './magnitudes.js'
export { philox4x32 } from './philox.js'
export { fillWords, type Seed, seedWords } from './stream.js'
export { generateWeights, type Initialisation, initialisationScale, normal, uniform } from './weights.js'
