/**
 * Float64 addition turned round: from where must a sum start so that, rounded, it ends at a bound or above?
 *
 * `x -> fl(x + p)` never decreases, so the numbers from which a chain of additions reaches a bound are all numbers from a
 * least one on. That least one is found backwards, item by item. It makes the search of meet-in-the-middle.ts exact
 * for the sums as float64 rounds them, with no allowance for rounding and so no near ties to go through.
 */

const number = new Float64Array(1)
const words = new Int32Array(number.buffer) // little-endian, as every machine is that runs WebAssembly
const MAX = Number.MAX_VALUE
/** Half the step between the largest float64 numbers: below -MAX there is only -Infinity. */
const LARGEST_HALF = 2 ** 970

/** The next float64 above (step 1) or below (step -1) a finite x. */
export function neighbour(x: number, step: 1 | -1): number {
  if (x === 0) return step * Number.MIN_VALUE
  number[0] = x
  // Away from 0 the integer behind a float64 grows, on either side.
  const away = x > 0 === step > 0
  if (away) {
    words[0] = (words[0] + 1) | 0
    if (words[0] === 0) words[1] += 1
  } else {
    if (words[0] === 0) words[1] -= 1
    words[0] = (words[0] - 1) | 0
  }
  return number[0]
}

/**
 * The least float64 x with fl(x + p) >= bound.
 *
 * fl(x + p) reaches the bound where x + p reaches, or passes, the middle between the bound and the float64 below it. That
 * middle minus p is computed with an error-free difference (Knuth, The Art of Computer Programming, vol. 2, 4.2.2), which
 * comes within a float64 or two of x; the sum itself then decides.
 *
 * @param p finite
 * @param bound a number or an infinity
 * @returns -Infinity where every x reaches the bound, Infinity where no finite one does
 */
export function leastStart(p: number, bound: number): number {
  if (bound === Number.POSITIVE_INFINITY || bound === Number.NEGATIVE_INFINITY) return bound
  const difference = bound - p
  const back = difference - bound
  const rest = bound - (difference - back) - (p + back)
  const half = Math.min((bound - neighbour(bound, -1)) / 2, LARGEST_HALF)
  let x = difference + (rest - half)
  if (!(Math.abs(x) <= MAX)) x = difference > 0 ? MAX : -MAX // the difference overflows
  while (x + p < bound) {
    if (x === MAX) return Number.POSITIVE_INFINITY
    x = neighbour(x, 1)
  }
  while (x > -MAX) {
    const below = neighbour(x, -1)
    if (below + p < bound) break
    x = below
  }
  return x
}
