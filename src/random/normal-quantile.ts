/**
 * The standard normal quantile by Wichura's algorithm AS 241, PPND16 (Applied Statistics 37, 1988, pp. 477-484;
 * relative error about 1e-16), made only of correctly rounded operations (+, -, *, /, sqrt) so that every platform and
 * language gets the same bits. The logarithm that the tails need is computed here for that reason; `Math.log` is not
 * specified to the last bit.
 */

const LN2_HIGH = 6.9314718036912381649e-1 // ln 2 to 33 bits: k * LN2_HIGH is exact for |k| < 2^20
const LN2_LOW = 1.90821492927058770002e-10 // ln 2 - LN2_HIGH

/**
 * Natural logarithm for 2^-33 <= x <= 1/2: halve the range to m in (sqrt(1/2), sqrt(2)] by exact doublings, then
 * ln m = 2 atanh(s), s = (m - 1) / (m + 1), by its odd series to s^23 (|s| < 0.172: the next term is below 2e-19).
 */
function naturalLogarithm(x: number): number {
  let m = x
  let exponent = 0
  while (m <= 0.7071067811865476) {
    m = m * 2
    exponent = exponent - 1
  }
  const s = (m - 1) / (m + 1)
  const z = s * s
  let series = 1 / 23
  for (let denominator = 21; denominator >= 1; denominator -= 2) series = series * z + 1 / denominator
  return exponent * LN2_HIGH + (2 * s * series + exponent * LN2_LOW)
}

// AS 241, PPND16: numerators and denominators of the rational approximations, highest power first. The third,
// for r > 5, has no use here: a 32-bit word ends at r = sqrt(33 ln 2) = 4.79. docs/ticket-format.md calls them A, B, C, D.
export const CENTRE_NUMERATOR = [
  2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
  1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.387132872796366608,
]
export const CENTRE_DENOMINATOR = [
  5.226495278852545925e3, 2.8729085735721942674e4, 3.930789580009271061e4, 2.1213794301586595867e4,
  5.3941960214247511077e3, 6.871870074920579083e2, 4.2313330701600911252e1, 1,
]
export const MIDDLE_NUMERATOR = [
  7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.4178072517745061177e-1, 1.27045825245236838258,
  3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
]
export const MIDDLE_DENOMINATOR = [
  1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2, 1.4810397642748007459e-1,
  6.8976733498510000455e-1, 1.6763848301838038494, 2.05319162663775882187, 1,
]

function horner(coefficients: readonly number[], x: number): number {
  let value = coefficients[0]
  for (let i = 1; i < coefficients.length; i++) value = value * x + coefficients[i]
  return value
}

/**
 * Standard normal deviate of a 32-bit word `w`: the quantile at p = (w + 1/2) / 2^32, so |deviate| < 6.34.
 *
 * @param word unsigned 32-bit integer
 */
export function normalOfWord(word: number): number {
  const q = (word + 0.5) * 2 ** -32 - 0.5 // exact: 33 significant bits
  const magnitude = q < 0 ? -q : q
  if (magnitude <= 0.425) {
    const r = 0.180625 - q * q
    return (q * horner(CENTRE_NUMERATOR, r)) / horner(CENTRE_DENOMINATOR, r)
  }
  const r = Math.sqrt(-naturalLogarithm(0.5 - magnitude))
  const value = horner(MIDDLE_NUMERATOR, r - 1.6) / horner(MIDDLE_DENOMINATOR, r - 1.6)
  return q < 0 ? -value : value
}
