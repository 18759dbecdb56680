import type { MatrixMemory } from './parameter-memory.js'

/** A matrix as small integers times one scale. */
export interface IntegerWeights {
  /** int8 [rows, columns] and [columns, rows], in the memory of the matrix's instance. */
  readonly codes: Int8Array
  readonly transposed: Int8Array
}

/**
 * Rounds the effective weights of a matrix to multiples of one scale: the unit, or without one the largest magnitude / levels (1 where all are 0); at
 * least 2^-126; ties to even. Weights of signed constants are -1, 0 and +1 times their magnitude, which one level holds exactly.
 * @param shape rows and columns of the matrix
 * @param levels magnitude of the largest code, an integer from 1 to 127
 * @param unit float32 > 0, where all weights are known to be integers from -levels to levels times it
 * @returns the scale, float32 > 0; not finite where a weight is not finite
 * @throws RangeError for lengths that do not fit, or arrays elsewhere
 */
export function writeIntegerWeights(
  { name, kernels, effective, count }: MatrixMemory,
  [rows, columns]: readonly [number, number],
  { codes, transposed }: IntegerWeights,
  levels: number,
  unit?: number,
): number {
  if (!Number.isInteger(levels) || levels < 1 || levels > 127) {
    throw new RangeError(`"levels" expected an integer from 1 to 127, got ${levels}`)
  }
  for (const [what, length] of Object.entries({
    shape: rows * columns,
    codes: codes.length,
    transposed: transposed.length,
  })) {
    if (length !== count) throw new RangeError(`"${what}" of ${name} expected ${count} weights, got ${length}`)
  }
  if (codes.buffer !== effective.buffer || transposed.buffer !== effective.buffer) {
    throw new RangeError(`"codes" and "transposed" expected in the memory of ${name}, got other memory`)
  }
  if (unit !== undefined && !(unit > 0 && unit < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"unit" of ${name} expected a finite number > 0, got ${unit}`)
  }
  const addresses = [effective, codes, transposed].map(({ byteOffset }) => byteOffset)
  return kernels.exports.integerWeights(...addresses, rows, columns, levels, unit ?? 0)
}
