import type { generateWeights } from '../random/index.js'
import type { Kernels } from './kernels.js'
import { weightFiller } from './random.js'

/** Weights made in one go, so that kernel memory stays small. */
const CHUNK = 1 << 22

/** `generateWeights` in WebAssembly: the same bits, much faster. */
export function createGenerator(kernels: Kernels): typeof generateWeights {
  return ({ start = 0, count, ...weights }) => {
    const fill = weightFiller(kernels, weights)
    const values = new Float32Array(count)
    for (let from = 0; from < count; from += CHUNK) {
      const length = Math.min(CHUNK, count - from)
      const [at] = kernels.reserve(length * 4)
      fill(at, start + from, length)
      values.set(new Float32Array(kernels.exports.memory.buffer, at, length), from)
    }
    return values
  }
}
