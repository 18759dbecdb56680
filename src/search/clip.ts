import type { ParameterMemory } from '../kernels/parameter-memory.js'

/**
 * Shortens the gradients of all that is learned together to a norm (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
 * 2013): g becomes g * most / ||g|| where ||g|| is above it. Of a masked weight the score's gradient counts, dL/dw * w up to its sign; of all others
 * their own. The norm is summed in float64, in the order of the parameters.
 * @param most the norm at most, > 0
 * @returns the norm that it was
 */
export function clipGradients({ matrices }: Pick<ParameterMemory, 'matrices'>, most: number): number {
  let squares = 0
  for (const matrix of matrices) {
    const { gradient } = matrix
    if (matrix.kind === 'ticket') {
      for (let i = 0; i < gradient.length; i++) squares += (gradient[i] * matrix.weights[i]) ** 2
    } else {
      for (let i = 0; i < gradient.length; i++) squares += gradient[i] ** 2
    }
  }
  const norm = Math.sqrt(squares)
  if (norm <= most || !Number.isFinite(norm)) return norm // what is not finite is told by who updates
  const factor = most / norm
  for (const { gradient } of matrices) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor
  return norm
}
