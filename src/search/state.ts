import type { MatrixMemory } from '../kernels/parameter-memory.js'
import type { StateTensor } from './checkpoint.js'

/** What AdamW moves, as it lies in memory; random weights, masks and codes follow from the seed and from these. */
export function stateOf(matrices: readonly MatrixMemory[]): StateTensor[] {
  return matrices.flatMap((matrix) => [
    movedOf(matrix),
    { name: `${matrix.name}.momentum`, values: matrix.momentum },
    { name: `${matrix.name}.variance`, values: matrix.variance },
  ])
}

function movedOf(matrix: MatrixMemory): StateTensor {
  switch (matrix.kind) {
    case 'ticket':
      return { name: `${matrix.name}.scores`, values: matrix.scores }
    case 'coded':
      return { name: `${matrix.name}.latents`, values: matrix.latents }
    case 'dense':
      return { name: `${matrix.name}.values`, values: matrix.effective }
  }
}
