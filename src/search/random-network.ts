import { matricesOf, normVectorsOf } from '../families/family.js'
import type { ModelWeights } from '../families/weights.js'
import type { MatrixMemory, ParameterMemory } from '../kernels/parameter-memory.js'
import { weightFiller } from '../kernels/random.js'
import type { Initialisation } from '../random/index.js'
import { matrixInitialisation, scoreRange } from './initialisation.js'
import type { SearchSettings } from './settings.js'
import { fillStartScores } from './start-scores.js'
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
 * @param start the model that `settings.start` names: scores are made of its weights then, and learned norms start from its own
 * @throws TypeError where the settings name a model and none is given
 */
export function fillRandomNetwork(memory: ParameterMemory, settings: SearchSettings, start?: ModelWeights): void {
  if (settings.start !== undefined && start === undefined) {
    throw new TypeError('"start" expected the model that the settings name, got none')
  }
  const seed = BigInt(settings.seed)
  const matrices = matricesOf(settings.config)
  for (const { name, index, stream, init } of randomMatrices(settings)) {
    const matrix = memory.matrix(name)
    const fill = (values: Float32Array, from: number, distribution: Initialisation) =>
      weightFiller(matrix.kernels, { seed, stream: from, init: distribution })(values.byteOffset, 0, values.length)
    fill(matrix.weights, stream, init)
    if (matrix.kind === 'ticket') {
      const range = (settings.scoreScale ?? 1) * scoreRange(matrices[index])
      if (start === undefined) fill(matrix.scores, scoreStream(index), { kind: 'uniform', range })
      else fillStartScores(matrix.scores, matrix.weights, start.get(name)!.data, range)
    }
    clearMoments(matrix)
  }
  if (settings.norms === 'plain') return
  for (const { name, kind } of normVectorsOf(settings.config)) {
    const norm = memory.matrix(name)
    const trained = start?.get(name)
    if (trained) norm.effective.set(trained.data)
    else norm.effective.fill(kind === 'gain' ? 1 : 0)
    clearMoments(norm)
  }
}

function clearMoments({ momentum, variance }: MatrixMemory): void {
  momentum.fill(0)
  variance.fill(0)
}
