// The standard normal quantile of two words at a time: the operations of normal-quantile.ts in the same order, so the same bits.
// Words in the centre and in the tails take different formulas; callers sort them first, so that no branch depends on a word.

/** Words from here on, so many of them, are in the centre: |q| <= 0.425. */
const CENTRE_FROM: u32 = 322122547
const CENTRE_COUNT: u32 = 3972844748 - 322122547 + 1

// @ts-ignore: decorator
@inline
export function isCentre(word: u32): u32 {
  return <u32>(word - CENTRE_FROM < CENTRE_COUNT)
}

// @ts-ignore: decorator
@inline
function step(value: v128, x: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(value, x), f64x2.splat(coefficient))
}

/** (w + 1/2) 2^-32 - 1/2 of words in lanes 0 and 1. */
// @ts-ignore: decorator
@inline
function centred(words: v128): v128 {
  const half = f64x2.splat(0.5)
  const middle = f64x2.add(f64x2.convert_low_i32x4_u(words), half)
  return f64x2.sub(f64x2.mul(middle, f64x2.splat(1.0 / 4294967296.0)), half)
}

/** Deviates of two words of the centre, f64x2. */
// @ts-ignore: decorator
@inline
export function centreDeviates(words: v128): v128 {
  const q = centred(words)
  const r = f64x2.sub(f64x2.splat(0.180625), f64x2.mul(q, q))
  let above = f64x2.splat(2.5090809287301226727e3)
  above = step(above, r, 3.3430575583588128105e4)
  above = step(above, r, 6.7265770927008700853e4)
  above = step(above, r, 4.5921953931549871457e4)
  above = step(above, r, 1.3731693765509461125e4)
  above = step(above, r, 1.9715909503065514427e3)
  above = step(above, r, 1.3314166789178437745e2)
  above = step(above, r, 3.387132872796366608)
  let below = f64x2.splat(5.226495278852545925e3)
  below = step(below, r, 2.8729085735721942674e4)
  below = step(below, r, 3.930789580009271061e4)
  below = step(below, r, 2.1213794301586595867e4)
  below = step(below, r, 5.3941960214247511077e3)
  below = step(below, r, 6.8718700749205790830e2)
  below = step(below, r, 4.2313330701600911252e1)
  below = step(below, r, 1.0)
  return f64x2.div(f64x2.mul(q, above), below)
}

/** Deviates of two words of the tails, f64x2. */
// @ts-ignore: decorator
@inline
export function tailDeviates(words: v128): v128 {
  const q = centred(words)
  const x = f64x2.sub(f64x2.splat(0.5), f64x2.abs(q))
  const r = f64x2.sub(f64x2.sqrt(f64x2.neg(naturalLogarithms(x))), f64x2.splat(1.6))
  let above = f64x2.splat(7.74545014278341407640e-4)
  above = step(above, r, 2.27238449892691845833e-2)
  above = step(above, r, 2.41780725177450611770e-1)
  above = step(above, r, 1.27045825245236838258)
  above = step(above, r, 3.64784832476320460504)
  above = step(above, r, 5.76949722146069140550)
  above = step(above, r, 4.63033784615654529590)
  above = step(above, r, 1.42343711074968357734)
  let below = f64x2.splat(1.05075007164441684324e-9)
  below = step(below, r, 5.475938084995344946e-4)
  below = step(below, r, 1.51986665636164571966e-2)
  below = step(below, r, 1.48103976427480074590e-1)
  below = step(below, r, 6.89767334985100004550e-1)
  below = step(below, r, 1.67638483018380384940)
  below = step(below, r, 2.05319162663775882187)
  below = step(below, r, 1.0)
  const value = f64x2.div(above, below)
  return v128.or(value, v128.and(q, f64x2.splat(-0.0))) // value > 0: with the sign of q
}

/** Of two numbers from 2^-33 to 1/2. */
// @ts-ignore: decorator
@inline
function naturalLogarithms(x: v128): v128 {
  const mantissa = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3ff0000000000000))
  const power = i64x2.sub(i64x2.shr_u(x, 52), i64x2.splat(1023))
  const halved = f64x2.mul(mantissa, f64x2.splat(0.5))
  const isHalved = f64x2.gt(halved, f64x2.splat(0.7071067811865476))
  const m = v128.bitselect(halved, mantissa, isHalved)
  const whole = i64x2.sub(power, isHalved) // one more where halved
  const exponent = f64x2.convert_low_i32x4_s(v128.shuffle<u32>(whole, whole, 0, 2, 0, 2))
  const one = f64x2.splat(1)
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one))
  const z = f64x2.mul(s, s)
  let series = f64x2.splat(1.0 / 23.0)
  series = step(series, z, 1.0 / 21.0)
  series = step(series, z, 1.0 / 19.0)
  series = step(series, z, 1.0 / 17.0)
  series = step(series, z, 1.0 / 15.0)
  series = step(series, z, 1.0 / 13.0)
  series = step(series, z, 1.0 / 11.0)
  series = step(series, z, 1.0 / 9.0)
  series = step(series, z, 1.0 / 7.0)
  series = step(series, z, 1.0 / 5.0)
  series = step(series, z, 1.0 / 3.0)
  series = step(series, z, 1.0)
  const low = f64x2.mul(exponent, f64x2.splat(1.90821492927058770002e-10))
  const product = f64x2.mul(f64x2.mul(f64x2.splat(2), s), series)
  return f64x2.add(f64x2.mul(exponent, f64x2.splat(6.93147180369123816490e-1)), f64x2.add(product, low))
}
