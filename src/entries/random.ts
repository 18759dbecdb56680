/**
 * `strong-lottery-tickets/random`: the random numbers that every weight is made of, Philox4x32-10. Word i of (seed, stream)
 * depends on these three numbers alone, on every machine; docs/random.md specifies the streams, which are frozen.
 *
 * Loads no package and nothing of Node.
 */
export {
  fillWords,
  generateWeights,
  type Initialisation,
  normal,
  philox4x32,
  type Seed,
  uniform,
} from '../random/index.js'
