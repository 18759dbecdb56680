import type { AdamW } from '../kernels/adamw.js'
import type { StateTensor } from './checkpoint.js'

/**
 * What turns gradients into the next effective weights. The loop knows no more of an algorithm: edge-popup, IteRand and
 * dense training are three of them, and a further one is a further function that returns this.
 */
export interface Algorithm {
  /** Everything a further step depends on beside the settings, as it lies in memory. */
  readonly state: readonly StateTensor[]
  /** One step: reads the gradients, writes the effective weights. */
  update(adamw: AdamW): void
  /** Rebuilds what follows from the state after it was overwritten by a checkpoint's. */
  restored(): void
  /** Weights that entered or left the mask in the last step; absent where there is no mask. */
  changed?(): number
}
