// From where must a sum start so that, rounded, it ends at a bound or above? src/subset-sum/least-start.ts says why and how;
// here for one number, and for two at a time.

const LARGEST_HALF: f64 = 9.9792015476736e291 // 2^970, half the step below -MAX

/** The next float64 above a finite x. */
// @ts-ignore: decorator
@inline
export function above(x: f64): f64 {
  const bits = reinterpret<i64>(x + 0) // no -0
  return reinterpret<f64>(bits + ((bits >> 63) | 1))
}

/** The next float64 below a finite x. */
// @ts-ignore: decorator
@inline
function below(x: f64): f64 {
  return -above(-x)
}

/** The least float64 x with fl(x + p) >= bound; -Infinity and Infinity where every x or no finite one has it. */
export function leastStart(p: f64, bound: f64): f64 {
  if (!isFinite(bound)) return bound
  const difference = bound - p
  const back = difference - bound
  const rest = bound - (difference - back) - (p + back)
  const half = min<f64>((bound - below(bound)) * 0.5, LARGEST_HALF)
  let x = difference + (rest - half)
  if (!isFinite(x)) x = difference > 0 ? f64.MAX_VALUE : -f64.MAX_VALUE
  while (x + p < bound) {
    if (x == f64.MAX_VALUE) return Infinity
    x = above(x)
  }
  while (x > -f64.MAX_VALUE) {
    const less = below(x)
    if (less + p < bound) break
    x = less
  }
  return x
}

// @ts-ignore: decorator
@inline
function above2(x: v128): v128 {
  const bits = f64x2.add(x, f64x2.splat(0))
  return i64x2.add(bits, v128.or(i64x2.gt_s(i64x2.splat(0), bits), i64x2.splat(1)))
}

// @ts-ignore: decorator
@inline
function below2(x: v128): v128 {
  return f64x2.neg(above2(f64x2.neg(x)))
}

/** leastStart of two bounds. */
// @ts-ignore: decorator
@inline
export function leastStart2(p: f64, bound: v128): v128 {
  const item = f64x2.splat(p)
  const difference = f64x2.sub(bound, item)
  const back = f64x2.sub(difference, bound)
  const rest = f64x2.sub(f64x2.sub(bound, f64x2.sub(difference, back)), f64x2.add(item, back))
  const half = f64x2.mul(f64x2.sub(bound, below2(bound)), f64x2.splat(0.5))
  // Nearly always the least start is among this and its neighbours: no branch on which.
  let below = below2(f64x2.add(difference, f64x2.sub(rest, half)))
  let x = above2(below)
  const isBelow = f64x2.ge(f64x2.add(below, item), bound)
  const isThis = f64x2.ge(f64x2.add(x, item), bound)
  const higher = above2(x)
  below = v128.bitselect(below2(below), v128.bitselect(below, x, isThis), isBelow)
  x = v128.bitselect(above2(below), v128.bitselect(x, higher, isThis), isBelow)
  const isLeast = v128.and(f64x2.ge(f64x2.add(x, item), bound), f64x2.lt(f64x2.add(below, item), bound))
  if (i64x2.all_true(isLeast)) return x
  return f64x2.replace_lane(
    f64x2.splat(leastStart(p, f64x2.extract_lane(bound, 0))), 1, leastStart(p, f64x2.extract_lane(bound, 1)),
  )
}
