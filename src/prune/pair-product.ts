import { type Kernels, weightFiller } from '../kernels/index.js'
import { getBit } from '../mask/index.js'
import type { Seed } from '../random/index.js'
import { DROPPED, type PairMasks } from '../ticket/index.js'

/**
 * The matrix that a pruned pair stands for: `(first * M1)(second * M2) / divisor`, recomputed from the seed in float64.
 * Each entry adds its products in the order of the units, as the canonical objective of the subset sums does, so that
 * the errors reported at pruning come out again to the last bit.
 *
 * @returns float64 row-major [inputs, outputs]
 */
export function pairProduct(kernels: Kernels, { spec, coordinate, second }: PairMasks, seed: Seed): Float64Array {
  const { inputs, hidden, outputs, divisor } = spec
  const product = new Float64Array(inputs * outputs)
  const fillFirst = weightFiller(kernels, { seed, ...spec.first })
  const fillSecond = weightFiller(kernels, { seed, ...spec.second })
  const [at] = kernels.reserve(outputs * 4 + 64)
  for (let unit = 0; unit < hidden; unit++) {
    const j = coordinate[unit]
    if (j === DROPPED) continue
    fillFirst(at, j * hidden + unit, 1)
    const factor = new Float32Array(kernels.exports.memory.buffer, at, 1)[0] / divisor
    fillSecond(at, unit * outputs, outputs)
    const row = new Float32Array(kernels.exports.memory.buffer, at, outputs)
    for (let i = 0; i < outputs; i++) {
      if (getBit(second, unit * outputs + i) === 1) product[j * outputs + i] += factor * row[i]
    }
  }
  return product
}

/** |a - b|, element by element. */
export function absoluteDifferences(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => Math.abs(value - b[i]))
}
