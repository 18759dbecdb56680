/**
 * Random weights: float32 values made from the words of a stream by correctly rounded operations alone, so that a port
 * in any language with IEEE 754 arithmetic gets the same bits. Weight `i` of (seed, stream) depends on word `i` only.
 */
import { normalOfWord } from './normal-quantile.js'
import { fillWords, type Seed } from './stream.js'

/**
 * How the weights of a random matrix are distributed.
 * - `uniform`: on the open interval (-range, range); the lattice of odd multiples of range * 2^-24, zero excluded.
 * - `normal`: mean 0, standard deviation `std`, cut at 6.34 std by the 32-bit word.
 * - `signed-constant`: +magnitude or -magnitude with equal chance (Zhou et al. 2019, Ramanujan et al. 2020).
 */
export type Initialisation =
  | { kind: 'uniform'; range: number }
  | { kind: 'normal'; std: number }
  | { kind: 'signed-constant'; magnitude: number }

/** Word -> odd integer in -(2^24-1)..2^24-1 over 2^24: exact in float32, uniform on (-1, 1). */
export function uniformOfWord(word: number): number {
  return (2 * (word >>> 8) - 0xffffff) * 2 ** -24
}

/** The deviate of a word as a float32 weight. */
function weightOfWord(init: Initialisation, word: number): number {
  switch (init.kind) {
    case 'uniform':
      return Math.fround(uniformOfWord(word) * init.range)
    case 'normal':
      return Math.fround(normalOfWord(word) * init.std)
    case 'signed-constant':
      return word >>> 31 === 1 ? -Math.fround(init.magnitude) : Math.fround(init.magnitude)
  }
}

/** The one parameter of an initialisation. Throws TypeError for an unknown kind, RangeError unless finite and > 0. */
export function initialisationScale(init: Initialisation): number {
  const scale =
    init.kind === 'uniform'
      ? init.range
      : init.kind === 'normal'
        ? init.std
        : init.kind === 'signed-constant'
          ? init.magnitude
          : undefined
  if (typeof scale !== 'number')
    throw new TypeError(
      `"init" expected uniform, normal or signed-constant with its scale, got ${JSON.stringify(init)}`,
    )
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new RangeError(`"init" expected a finite ${init.kind} scale > 0, got ${scale}`)
  return scale
}

/**
 * Weights `start`..`start + count - 1` of (seed, stream).
 *
 * @param options.seed unsigned 64-bit
 * @param options.stream integer in 0..2^53-1; each matrix of a model has its own
 * @param options.start index of the first weight, default 0
 * @param options.count number of weights, integer >= 0
 * @returns float32 weights, [count]
 */
export function generateWeights(options: {
  seed: Seed
  stream: number
  init: Initialisation
  start?: number
  count: number
}): Float32Array {
  const { seed, stream, init, start = 0, count } = options
  initialisationScale(init)
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`"count" expected an integer >= 0, got ${count}`)
  const words = new Uint32Array(count)
  fillWords(seed, stream, start, words)
  const weights = new Float32Array(count)
  for (let i = 0; i < count; i++) weights[i] = weightOfWord(init, words[i])
  return weights
}

/** Float64 deviates, uniform on (-1, 1): deviate i is that of word `start + i`. Shape [count]. */
export function uniform(seed: Seed, stream: number, count: number, start = 0): Float64Array {
  const words = new Uint32Array(count)
  fillWords(seed, stream, start, words)
  return Float64Array.from(words, uniformOfWord)
}

/** Float64 standard normal deviates: deviate i is that of word `start + i`. Shape [count]. */
export function normal(seed: Seed, stream: number, count: number, start = 0): Float64Array {
  const words = new Uint32Array(count)
  fillWords(seed, stream, start, words)
  return Float64Array.from(words, normalOfWord)
}
