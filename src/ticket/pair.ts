import { packedBytes, tailIsZero } from '../mask/packed-bits.js'
import { type Initialisation, initialisationScale } from '../random/index.js'
import { assertInteger } from './check.js'

/** A dropped hidden unit, in `PairMasks.coordinate`. */
export const DROPPED = 0xffff

/** Most elements that one random matrix of a pair may have: what one Float32Array holds comfortably. */
export const MATRIX_LIMIT = 2 ** 30

/**
 * Two random matrices that, pruned, stand for one matrix W [d1 inputs, d2 outputs], y = x W (Lemma 4/7 of the paper):
 * first [d1, n] and second [n, d2], row-major, each the start of its own random stream;
 * y = activation(x (first * M1)) (second * M2) / divisor, where M1 leaves each hidden unit one input coordinate.
 */
export interface PairSpec {
  /** For example `h.0.attn.1.qk`; letters, digits, dot, dash and underscore. */
  readonly name: string
  /** d1, counting the constant coordinate (the last) where the map has biases. 1 to 65535. */
  readonly inputs: number
  /** n, the source width. */
  readonly hidden: number
  /** d2. */
  readonly outputs: number
  /** Between the two layers. */
  readonly activation: 'linear' | 'relu'
  /** 1, or sqrt(n) for query/key pairs. Finite, > 0. */
  readonly divisor: number
  readonly first: RandomMatrix
  readonly second: RandomMatrix
}

/** Which stream of the seed a matrix reads, and how its weights are distributed. */
export interface RandomMatrix {
  /** Integer, 0 to 2^53 - 1. */
  readonly stream: number
  readonly init: Initialisation
}

/** The two masks of a pair. */
export interface PairMasks {
  readonly spec: PairSpec
  /** [n], the input that each hidden unit sees (M1); 0xffff = unit dropped. */
  readonly coordinate: Uint16Array
  /** Packed bits [n * d2], least significant first (M2): bit k * d2 + i keeps second[k, i]. */
  readonly second: Uint8Array
}

/** What pruning achieved on one pair. All numbers finite. */
export interface PairReport {
  /** Weights of the target matrix: subset sums solved for it. */
  readonly weights: number
  /** Those whose target lay outside the span of its random products. */
  readonly unreachable: number
  /** Largest and median absolute error of a weight. */
  readonly maxError: number
  readonly medianError: number
  /** The gap that the closed form leads one to expect: the median over a sample of the weights. */
  readonly expectedGap: number
}

/**
 * Checks a pair's specification.
 * @throws TypeError for a wrong type, RangeError for a wrong value, naming the pair and the field
 */
export function assertPairSpec(spec: PairSpec): void {
  if (typeof spec !== 'object' || spec === null) throw new TypeError(`"pair" expected an object, got ${typeof spec}`)
  if (typeof spec.name !== 'string' || !/^[\w.-]{1,200}$/.test(spec.name)) {
    throw new RangeError('"pair.name" expected 1 to 200 letters, digits, dots, dashes or underscores')
  }
  const field = (name: string) => `"${spec.name}.${name}"`
  assertInteger(field('inputs'), spec.inputs, 1, DROPPED)
  assertInteger(field('hidden'), spec.hidden, 1)
  assertInteger(field('outputs'), spec.outputs, 1)
  if (spec.inputs * spec.hidden > MATRIX_LIMIT || spec.hidden * spec.outputs > MATRIX_LIMIT) {
    throw new RangeError(`${field('hidden')} expected matrices of at most 2^30 weights, got a width of ${spec.hidden}`)
  }
  if (spec.activation !== 'linear' && spec.activation !== 'relu') {
    throw new RangeError(`${field('activation')} expected linear or relu`)
  }
  if (typeof spec.divisor !== 'number') throw new TypeError(`${field('divisor')} expected a number`)
  if (!(spec.divisor > 0 && Number.isFinite(spec.divisor))) {
    throw new RangeError(`${field('divisor')} expected a finite number > 0, got ${spec.divisor}`)
  }
  for (const layer of ['first', 'second'] as const) {
    const matrix = spec[layer]
    if (typeof matrix !== 'object' || matrix === null || typeof matrix.init !== 'object' || matrix.init === null) {
      throw new TypeError(`${field(layer)} expected a stream and an initialisation`)
    }
    assertInteger(field(`${layer}.stream`), matrix.stream, 0)
    initialisationScale(matrix.init)
  }
  if (spec.first.stream === spec.second.stream) {
    throw new RangeError(`${field('second.stream')} expected another stream than first, got ${spec.second.stream}`)
  }
}

/**
 * Checks masks against their pair: lengths, coordinates in range, no bits past the end.
 * @throws RangeError naming the pair and what was wrong
 */
export function assertPairMasks({ spec, coordinate, second }: PairMasks): void {
  const { name, inputs, hidden, outputs } = spec
  if (!(coordinate instanceof Uint16Array)) throw new TypeError(`"${name}.coordinate" expected a Uint16Array`)
  if (!(second instanceof Uint8Array)) throw new TypeError(`"${name}.second" expected a Uint8Array`)
  if (coordinate.length !== hidden) {
    throw new RangeError(`"${name}.coordinate" expected ${hidden} units, got ${coordinate.length}`)
  }
  const bytes = packedBytes(hidden * outputs)
  if (second.length !== bytes) throw new RangeError(`"${name}.second" expected ${bytes} bytes, got ${second.length}`)
  for (let k = 0; k < hidden; k++) {
    if (coordinate[k] >= inputs && coordinate[k] !== DROPPED) {
      throw new RangeError(`"${name}.coordinate" expected inputs below ${inputs}, got ${coordinate[k]} at unit ${k}`)
    }
  }
  if (!tailIsZero(second, hidden * outputs)) throw new RangeError(`"${name}.second" expected zero bits past its end`)
}

/** Checks a report: counts are integers >= 0, errors finite numbers >= 0. */
export function assertPairReport(report: PairReport, name: string): void {
  if (typeof report !== 'object' || report === null) throw new TypeError(`"${name}" expected a report`)
  assertInteger(`"${name}.weights"`, report.weights, 0)
  assertInteger(`"${name}.unreachable"`, report.unreachable, 0, report.weights)
  for (const key of ['maxError', 'medianError', 'expectedGap'] as const) {
    if (!(Number.isFinite(report[key]) && report[key] >= 0)) {
      throw new RangeError(`"${name}.${key}" expected a finite number >= 0, got ${report[key]}`)
    }
  }
}
