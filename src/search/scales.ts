/** One learned scale a matrix: the effective weights are W * scale under the mask. */
import type { AdamW } from '../kernels/adamw.js'
import { dotProduct, type MatrixMemory } from '../kernels/index.js'
import type { StateTensor } from './checkpoint.js'
import { createReferenceDenseStep } from './ticket-step-reference.js'

/** Scales of some matrices. */
export interface Scales {
  readonly state: readonly StateTensor[]
  /** The scale of a matrix, a float32 number > 0; 1 at first, and where none is learned. */
  of(name: string): number
  /** Moves every scale: reads the gradients, and the effective weights that they belong to. */
  update(adamw: AdamW): void
}

/** Scales that stay 1. */
export const fixedScales: Scales = { state: [], of: () => 1, update() {} }

/**
 * Learned scales s = exp(z). AdamW moves z along dL/dz = s * dL/ds = sum(dL/dW_eff * W_eff), in float64, at the learning rate of the scores and without
 * decay: the logarithm, so that a step changes a scale by a part of itself and no step makes it 0 or negative.
 */
export function createScales(matrices: readonly MatrixMemory[]): Scales {
  const floats = () => new Float32Array(matrices.length)
  const arrays = { name: 'scales', effective: floats(), gradient: floats(), momentum: floats(), variance: floats() }
  const step = createReferenceDenseStep([arrays])
  const places = new Map(matrices.map(({ name }, i) => [name, i]))
  return {
    state: [
      { name: 'scales.logarithms', values: arrays.effective },
      { name: 'scales.momentum', values: arrays.momentum },
      { name: 'scales.variance', values: arrays.variance },
    ],
    of(name) {
      const place = places.get(name)
      return place === undefined ? 1 : Math.fround(Math.exp(arrays.effective[place]))
    },
    update(adamw) {
      for (const [i, matrix] of matrices.entries()) {
        arrays.gradient[i] = dotProduct(matrix, matrix.gradient, matrix.effective)
      }
      step.update({ ...adamw, weightDecay: 0 })
    },
  }
}
