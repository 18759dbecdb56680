/** Errors as the theorems measure them: Euclidean norm at a position, largest over positions, mean over sequences. */

/** Error of one source. */
export interface OutputError {
  /** Mean over sequences of the largest error over positions. */
  largest: number
  /** Mean over sequences of the error at position 0, the regression token. */
  token: number
}

/** A source's outputs against the target's for some sequences. */
export function measureError(
  wanted: readonly Float64Array[],
  got: (sequence: number) => Float64Array,
  outputs: number,
): OutputError {
  const error = { largest: 0, token: 0 }
  wanted.forEach((target, sequence) => {
    const output = got(sequence)
    let largest = 0
    for (let at = 0; at < target.length; at += outputs) {
      let square = 0
      for (let k = at; k < at + outputs; k++) square += (output[k] - target[k]) ** 2
      const norm = Math.sqrt(square)
      if (norm > largest) largest = norm
      if (at === 0) error.token += norm / wanted.length
    }
    error.largest += largest / wanted.length
  })
  return error
}

/**
 * Query positions to measure at: all of them up to `count`, else `count` evenly spaced ones that include the regression
 * token (0) and the last position. Ascending, without repeats.
 */
export function samplePositions(length: number, count: number): Int32Array {
  if (length <= count) return Int32Array.from({ length }, (_, i) => i)
  return Int32Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)))
}
