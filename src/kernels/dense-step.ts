import type { AdamW } from './adamw.js'
import type { DenseMemory } from './parameter-memory.js'
import { setAdamW } from './ticket-step.js'

/** One step of AdamW on the parameters themselves. */
export interface DenseStep {
  /** Reads `gradient`, moves `effective`. @throws RangeError naming the parameter when a value becomes NaN */
  update(adamw: AdamW): void
}

/** The step in WebAssembly, bit for bit that of the reference. @param parameters of a parameter memory, any of its `dense` */
export function createDenseStep(parameters: readonly DenseMemory[]): DenseStep {
  const instances = [...new Set(parameters.map(({ kernels }) => kernels))]
  return {
    update(adamw) {
      for (const kernels of instances) setAdamW(kernels, adamw)
      for (const { name, kernels, effective, gradient, momentum, variance, count } of parameters) {
        const hasNaN = kernels.exports.updateDense(
          effective.byteOffset,
          gradient.byteOffset,
          momentum.byteOffset,
          variance.byteOffset,
          count,
        )
        if (!hasNaN) continue
        const index = kernels.exports.findNaN(effective.byteOffset, count)
        throw new RangeError(`"${name}" expected numbers, got NaN at index ${index}`)
      }
    },
  }
}
