import { matricesOf, normVectorsOf } from '../families/family.js'
import type { MatrixMemory, ParameterMemory } from '../kernels/parameter-memory.js'
import { weightFiller } from '../kernels/random.js'
import type { Initialisation } from '../random/index.js'
import { GIVEN } from './base-network.js'
import { matrixInitialisation, scoreRange } from './initialisation.js'
import type { SearchSettings } from './settings.js'
import { scoreStream } from './streams.js'

/** A random matrix of a run: its number among the matrices, its stream and how its weights are distributed. */
export interface RandomMatrix {
  readonly name: string
  readonly index: number
  /** Of its weights as they are at first. */
  readonly stream: number
  readonly init: Initialisation
}

/** Every matrix of the model with its initialisation; of a search on a ticket as the ticket has them. */
export function randomMatrices(settings: SearchSettings): RandomMatrix[] {
  const { config, initialisation: scheme, on, keep, qkScale, magnitudes } = settings
  return matricesOf(config).map((matrix, index) => {
    if (on) return { name: matrix.name, index, ...on.matrices[index] }
    if (scheme === GIVEN) throw new RangeError('"initialisation" expected a scheme without "on", got given')
    const init = matrixInitialisation(matrix, { scheme, keep, layers: config.layers, qkScale, magnitudes })
    return { name: matrix.name, index, stream: index, init }
  })
}

/**
 * Writes the state that a run starts from: random weights, random scores uniform on (-1/sqrt(fan_in), 1/sqrt(fan_in)),
 * moments of zero, gains of 1 and biases of 0. Effective weights of masked matrices are the algorithm's to write.
 */
export function fillRandomNetwork(memory: ParameterMemory, settings: SearchSettings): void {
  const seed = BigInt(settings.seed)
  const matrices = matricesOf(settings.config)
  for (const { name, index, stream, init } of randomMatrices(settings)) {
    const matrix = memory.matrix(name)
    const fill = (values: Float32Array, from: number, distribution: Initialisation) =>
      weightFiller(matrix.kernels, { seed, stream: from, init: distribution })(values.byteOffset, 0, values.length)
    fill(matrix.weights, stream, init)
    if (matrix.kind === 'ticket') {
      fill(matrix.scores, scoreStream(index), { kind: 'uniform', range: scoreRange(matrices[index]) })
    }
    clearMoments(matrix)
  }
  for (const { name, kind } of normVectorsOf(settings.config, settings.norms)) {
    const norm = memory.matrix(name)
    norm.effective.fill(kind === 'gain' ? 1 : 0)
    clearMoments(norm)
  }
}

function clearMoments({ momentum, variance }: MatrixMemory): void {
  momentum.fill(0)
  variance.fill(0)
}
