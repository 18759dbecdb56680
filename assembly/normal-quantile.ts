// The standard normal quantile, AS 241 PPND16; the definition and its source are src/random/normal-quantile.ts.
// Written out in Horner form: the same operations in the same order.

function naturalLogarithm(x: f64): f64 {
  // The mantissa on [1, 2) and its exponent; halved where it stays above the root of 1/2, as the definition's doubling does.
  const bits = reinterpret<u64>(x)
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000)
  let exponent = <f64>(<i32>(bits >> 52) - 1023)
  if (m * 0.5 > 0.7071067811865476) {
    m = m * 0.5
    exponent = exponent + 1
  }
  const s = (m - 1) / (m + 1)
  const z = s * s
  let series: f64 = 1.0 / 23.0
  series = series * z + 1.0 / 21.0
  series = series * z + 1.0 / 19.0
  series = series * z + 1.0 / 17.0
  series = series * z + 1.0 / 15.0
  series = series * z + 1.0 / 13.0
  series = series * z + 1.0 / 11.0
  series = series * z + 1.0 / 9.0
  series = series * z + 1.0 / 7.0
  series = series * z + 1.0 / 5.0
  series = series * z + 1.0 / 3.0
  series = series * z + 1.0
  return exponent * 6.93147180369123816490e-1 + (2 * s * series + exponent * 1.90821492927058770002e-10)
}

// @ts-ignore: decorator
@inline
function centreNumerator(r: f64): f64 {
  let value: f64 = 2.5090809287301226727e3
  value = value * r + 3.3430575583588128105e4
  value = value * r + 6.7265770927008700853e4
  value = value * r + 4.5921953931549871457e4
  value = value * r + 1.3731693765509461125e4
  value = value * r + 1.9715909503065514427e3
  value = value * r + 1.3314166789178437745e2
  value = value * r + 3.387132872796366608
  return value
}

// @ts-ignore: decorator
@inline
function centreDenominator(r: f64): f64 {
  let value: f64 = 5.226495278852545925e3
  value = value * r + 2.8729085735721942674e4
  value = value * r + 3.930789580009271061e4
  value = value * r + 2.1213794301586595867e4
  value = value * r + 5.3941960214247511077e3
  value = value * r + 6.8718700749205790830e2
  value = value * r + 4.2313330701600911252e1
  value = value * r + 1.0
  return value
}

// @ts-ignore: decorator
@inline
function middleNumerator(r: f64): f64 {
  let value: f64 = 7.74545014278341407640e-4
  value = value * r + 2.27238449892691845833e-2
  value = value * r + 2.41780725177450611770e-1
  value = value * r + 1.27045825245236838258
  value = value * r + 3.64784832476320460504
  value = value * r + 5.76949722146069140550
  value = value * r + 4.63033784615654529590
  value = value * r + 1.42343711074968357734
  return value
}

// @ts-ignore: decorator
@inline
function middleDenominator(r: f64): f64 {
  let value: f64 = 1.05075007164441684324e-9
  value = value * r + 5.475938084995344946e-4
  value = value * r + 1.51986665636164571966e-2
  value = value * r + 1.48103976427480074590e-1
  value = value * r + 6.89767334985100004550e-1
  value = value * r + 1.67638483018380384940
  value = value * r + 2.05319162663775882187
  value = value * r + 1.0
  return value
}

export function normalOfWord(word: u32): f64 {
  const q = (<f64>word + 0.5) * (1.0 / 4294967296.0) - 0.5
  const magnitude = q < 0 ? -q : q
  if (magnitude <= 0.425) {
    const r = 0.180625 - q * q
    return (q * centreNumerator(r)) / centreDenominator(r)
  }
  const r = sqrt(-naturalLogarithm(0.5 - magnitude))
  const value = middleNumerator(r - 1.6) / middleDenominator(r - 1.6)
  return q < 0 ? -value : value
}
