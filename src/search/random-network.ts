import { matricesOf, normVectorsOf } from '../families/family.js'
import type { ModelWeights } from '../families/weights.js'
import type { CodedMemory, MatrixMemory, ParameterMemory, TicketMemory } from '../kernels/parameter-memory.js'
import { weightFiller } from '../kernels/random.js'
import type { Initialisation } from '../random/index.js'
import { GIVEN } from './base-network.js'
import { matrixInitialisation, scoreRange } from './initialisation.js'
import { type MatrixMethod, matrixMethods, secondMoment } from './matrix-methods.js'
import type { SearchSettings } from './settings.js'
import { fillStartScores } from './start-scores.js'
import { scoreStream } from './streams.js'
import { clearRows, type UnusedRows } from './unused-rows.js'

/** A random matrix of a run: its number among the matrices, its stream and how its weights are distributed. */
export interface RandomMatrix {
  readonly name: string
  readonly index: number
  /** Of its weights as they are at first. */
  readonly stream: number
  /** Of the weights that a ticket rebuilds. */
  readonly init: Initialisation
  /**
   * Real numbers from the words of the same stream, where the weights of the ticket are their signs: the values that levels start from, or what biprop
   * binarises. Absent elsewhere.
   */
  readonly real?: Initialisation
  /** The stream whose word i says how large the magnitude is that weight i starts with in the search: of its score, or of its value. */
  readonly scores: number
  readonly method: MatrixMethod
}

/** Signs alone: what is learned makes numbers of them. */
const SIGNS = { kind: 'signed-constant', magnitude: 1 } as const satisfies Initialisation

/**
 * Every matrix of the model with its initialisation; of a search on a ticket as the ticket has them.
 * @throws RangeError where a method makes numbers of signs and the ticket has other weights, or names no scheme that the numbers start from
 */
export function randomMatrices(settings: SearchSettings): RandomMatrix[] {
  const { config, initialisation, on, qkScale, magnitudes, kind, algorithm } = settings
  const methods = kind === 'search' ? matrixMethods(settings) : undefined
  return matricesOf(config).map((matrix, index) => {
    const method: MatrixMethod = methods?.get(matrix.name) ?? { kind: 'mask', keep: 1 }
    const isLearned = method.kind === 'levels'
    // Learned tables beside a masked network start as large as its tables are, but for their distribution.
    const isTable = isLearned && algorithm !== 'levels'
    const isOfSigns = isLearned || (algorithm === 'biprop' && method.kind === 'mask')
    const base = on?.matrices[index]
    const stream = base?.stream ?? index
    const same = { name: matrix.name, index, stream, method, scores: isLearned ? stream : scoreStream(index) }
    if (base && !isOfSigns) return { ...same, init: base.init }
    if (base) expectSigns(matrix.name, base.init)
    if (initialisation === GIVEN) {
      throw new RangeError(`"initialisation" expected the name of a scheme, from which ${algorithm} starts, got given`)
    }
    const scheme = isTable && initialisation === 'signed-constant' ? 'fan-in' : initialisation
    const keep = secondMoment(method)
    const init = matrixInitialisation(matrix, { scheme, keep, layers: config.layers, qkScale, magnitudes })
    return isOfSigns ? { ...same, init: SIGNS, real: init } : { ...same, init }
  })
}

/** A method that makes numbers of signs takes a matrix of signs. */
function expectSigns(name: string, init: Initialisation): void {
  if (init.kind === SIGNS.kind && init.magnitude === SIGNS.magnitude) return
  throw new RangeError(
    `"on" expected a ticket whose ${name} holds signs alone, which this method makes numbers of, got ${init.kind} weights`,
  )
}

/**
 * Writes the state that a run starts from: random weights, random scores uniform on (-a, a) with a = scoreScale/sqrt(fan_in),
 * moments of zero, gains of 1 and biases of 0. Effective weights of masked matrices are the algorithm's to write. Scores of signed masks are
 * those magnitudes, so that weights start with the signs of the seed; so do learned values. Scores of drawn masks lie around the logit of the fraction kept.
 * @param options.unused rows whose scores or values are 0, by the name of their matrix; default: none
 * @param options.start the model that `settings.start` names: scores are made of its weights then, learned values and norms start from its own
 * @throws TypeError where the settings name a model and none is given
 */
export function fillRandomNetwork(
  memory: ParameterMemory,
  settings: SearchSettings,
  {
    unused,
    start,
  }: { readonly unused?: ReadonlyMap<string, UnusedRows>; readonly start?: ModelWeights | undefined } = {},
): void {
  if (settings.start !== undefined && start === undefined) {
    throw new TypeError('"start" expected the model that the settings name, got none')
  }
  const seed = BigInt(settings.seed)
  const matrices = matricesOf(settings.config)
  for (const random of randomMatrices(settings)) {
    const matrix = memory.matrix(random.name)
    const range = (settings.scoreScale ?? 1) * scoreRange(matrices[random.index])
    fillMatrix(matrix, random, seed, range, start?.get(random.name)?.data)
    const rows = unused?.get(random.name)
    if (matrix.kind !== 'dense') clearRows(scoresOf(matrix), rows)
    clearMoments(matrix)
  }
  for (const { name, kind } of normVectorsOf(settings.config, settings.norms)) {
    const norm = memory.matrix(name)
    const trained = start?.get(name)
    if (trained) norm.effective.set(trained.data)
    else norm.effective.fill(kind === 'gain' ? 1 : 0)
    clearMoments(norm)
  }
}

const scoresOf = (matrix: TicketMemory | CodedMemory): Float32Array =>
  matrix.kind === 'ticket' ? matrix.scores : matrix.latents

function fillMatrix(
  matrix: MatrixMemory,
  { index, stream, init, real, method }: RandomMatrix,
  seed: bigint,
  range: number,
  trained: Float32Array | undefined,
) {
  const fill = (values: Float32Array, from: number, distribution: Initialisation) =>
    weightFiller(matrix.kernels, { seed, stream: from, init: distribution })(values.byteOffset, 0, values.length)
  /** Signed constants are negative where the word is large, other numbers where it is small: negated they have the same signs. */
  const fillReal = (values: Float32Array) => {
    fill(values, stream, real!)
    if (real!.kind !== 'signed-constant') for (let i = 0; i < values.length; i++) values[i] = -values[i]
  }
  if (real && method.kind === 'mask') fillReal(matrix.weights)
  else fill(matrix.weights, stream, init)
  if (matrix.kind === 'dense') return
  const scores = scoresOf(matrix)
  if (method.kind === 'levels') return trained ? scores.set(trained) : fillReal(scores)
  if (trained) return fillStartScores(scores, matrix.weights, trained, range)
  fill(scores, scoreStream(index), { kind: 'uniform', range })
  if (method.kind === 'sampled') {
    const centre = Math.fround(Math.log(method.keep / (1 - method.keep))) // where p is keep
    for (let i = 0; i < scores.length; i++) scores[i] += centre
  }
  if (method.kind === 'coats' && method.isSigned)
    for (let i = 0; i < scores.length; i++) scores[i] = Math.abs(scores[i])
}

function clearMoments({ momentum, variance }: MatrixMemory): void {
  momentum.fill(0)
  variance.fill(0)
}
