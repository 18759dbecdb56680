import { matricesOf, normVectorsOf } from '../families/family.js'
import type { MatrixMemory, ParameterMemory } from '../kernels/parameter-memory.js'
import { weightFiller } from '../kernels/random.js'
import type { Initialisation } from '../random/index.js'
import { matrixInitialisation, scoreRange } from './initialisation.js'
import type { SearchSettings } from './settings.js'
import { scoreStream, weightStream } from './streams.js'

/** A random matrix of a run: its number among the matrices, its stream and how its weights are distributed. */
export interface RandomMatrix {
  readonly name: string
  readonly index: number
  readonly stream: number
  readonly init: Initialisation
}

/** Every matrix of the model with its initialisation. */
export function randomMatrices(settings: SearchSettings): RandomMatrix[] {
  const { config, initialisation: scheme, keep, qkScale, magnitudes } = settings
  return matricesOf(config).map((matrix, index) => ({
    name: matrix.name,
    index,
    stream: weightStream(index),
    init: matrixInitialisation(matrix, { scheme, keep, layers: config.layers, qkScale, magnitudes }),
  }))
}

/**
 * Writes the state that a run starts from: random weights, random scores uniform on (-a, a) with a = scoreScale/sqrt(fan_in),
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
      const range = (settings.scoreScale ?? 1) * scoreRange(matrices[index])
      fill(matrix.scores, scoreStream(index), { kind: 'uniform', range })
    }
    clearMoments(matrix)
  }
  if (settings.norms === 'plain') return
  for (const { name, kind } of normVectorsOf(settings.config)) {
    const norm = memory.matrix(name)
    norm.effective.fill(kind === 'gain' ? 1 : 0)
    clearMoments(norm)
  }
}

function clearMoments({ momentum, variance }: MatrixMemory): void {
  momentum.fill(0)
  variance.fill(0)
}
