/** Methods that keep the weights of the top scores. */
import {
  createTicketStep,
  scaleValues,
  setMagnitudes,
  sumMagnitudes,
  type TicketMemory,
  type TicketOptions,
} from '../kernels/index.js'
import type { FoundWeights, MatrixSearch } from './algorithm.js'
import type { Scales } from './scales.js'

/**
 * Edge-popup (Ramanujan et al. 2020): scores learn, the weights with the largest |score| are kept, times the scale of their matrix. The scores'
 * gradient is that without the scale: AdamW divides a factor of all gradients of a matrix out.
 */
export function createEdgePopup(
  matrices: readonly TicketMemory[],
  options: TicketOptions,
  scales: Pick<Scales, 'of'>,
): MatrixSearch {
  return createKept(matrices, options, (matrix) => {
    const scale = scales.of(matrix.name)
    if (scale !== 1) scaleValues(matrix, scale)
    return scale
  })
}

/**
 * biprop (Diffenderfer and Kailkhura, "Multi-Prize Lottery Ticket Hypothesis", ICLR 2021): kept weights are binarised, sign(W) times the mean
 * |W| of those that the mask keeps, while scores learn as in edge-popup from the real-valued W. Where a matrix keeps nothing the mean is taken as 1.
 */
export function createBiprop(matrices: readonly TicketMemory[], options: TicketOptions): MatrixSearch {
  return createKept(matrices, options, (matrix, kept) => {
    const mean = kept === 0 ? 1 : Math.fround(sumMagnitudes(matrix) / kept)
    setMagnitudes(matrix, mean)
    return mean
  })
}

/** @param scale scales the effective weights of a matrix, which are the kept W, in place @returns the scale */
function createKept(
  matrices: readonly TicketMemory[],
  options: TicketOptions,
  scale: (matrix: TicketMemory, kept: number) => number,
): MatrixSearch {
  const step = createTicketStep(matrices, options)
  const scaled = new Map<string, number>()
  const scaleAll = () => {
    for (const matrix of matrices) scaled.set(matrix.name, scale(matrix, step.kept(matrix.name)))
  }
  return {
    names: matrices.map(({ name }) => name),
    update(adamw) {
      step.update(adamw)
      scaleAll()
    },
    select() {
      step.select()
      scaleAll()
    },
    changed: () => step.changed(),
    mask: (name) => step.mask(name),
    kept: (name) => step.kept(name),
    found(name): FoundWeights {
      const own = scaled.get(name)
      return { mask: step.mask(name), ...(own === undefined || own === 1 ? {} : { scale: own }) }
    },
  }
}
