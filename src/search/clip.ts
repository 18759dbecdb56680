import type { MatrixMemory, ParameterMemory, TicketMemory } from '../kernels/parameter-memory.js'
import type { Algorithm } from './algorithm.js'

/**
 * Shortens the gradients of all that is learned together to a norm (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
 * 2013): g becomes g * most / ||g|| where ||g|| is above it. What counts is the gradient that the update uses: of a mask's score dL/dw * w up to its sign,
 * times the slope of a mask that is soft (`Algorithm.gradientSquares`); of what is learned itself its own. All of these grow with dL/dw in proportion, so
 * that shortening dL/dw shortens them. The norm is summed in float64, in the order of the parameters.
 * @param most the norm at most, > 0
 * @param squaresOf `gradientSquares` of the algorithm
 * @returns the norm that it was
 */
export function clipGradients(
  { matrices }: Pick<ParameterMemory, 'matrices'>,
  most: number,
  squaresOf: NonNullable<Algorithm['gradientSquares']> = () => undefined,
): number {
  const squares = matrices.reduce((sum, matrix) => {
    const own = () => (matrix.kind === 'ticket' ? scoreSquares(matrix) : gradientSquares(matrix, false))
    return sum + (squaresOf(matrix.name) ?? own())
  }, 0)
  const norm = Math.sqrt(squares)
  if (norm <= most || !Number.isFinite(norm)) return norm // what is not finite is told by who updates
  const factor = most / norm
  for (const { gradient } of matrices) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor
  return norm
}

/** An algorithm whose gradients are clipped first. @param most see {@link clipGradients}; undefined: they are not */
export function withClipping<A extends Algorithm>(
  algorithm: A,
  memory: Pick<ParameterMemory, 'matrices'>,
  most: number | undefined,
): A {
  if (most === undefined) return algorithm
  return {
    ...algorithm,
    update(adamw) {
      clipGradients(memory, most, algorithm.gradientSquares)
      algorithm.update(adamw)
    },
  }
}

/** Of dL/dW_eff * W * sign(score), where sign 0 is 0, as of the rows that are not used. */
function scoreSquares({ gradient, weights, scores }: TicketMemory): number {
  let squares = 0
  for (let i = 0; i < gradient.length; i++) {
    const slope = scores[i] === 0 ? 0 : gradient[i] * weights[i]
    squares += slope * slope
  }
  return squares
}

/** Sum of the squares of dL/dW_eff, in float64. @param isOfFactor of dL/dW_eff * W, the gradient of a factor of W */
export function gradientSquares(
  { gradient, weights }: Pick<MatrixMemory, 'gradient' | 'weights'>,
  isOfFactor: boolean,
): number {
  let squares = 0
  for (let i = 0; i < gradient.length; i++) {
    const slope = isOfFactor ? gradient[i] * weights[i] : gradient[i]
    squares += slope * slope
  }
  return squares
}
