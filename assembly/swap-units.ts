// How hard a coordinate's worst problem is, and what a swap of two hidden units would make of it
// (src/prune/swap-units.ts says why).

/**
 * Largest b^2 / q over the outputs, after b loses f_out * v_out and gains f_in * v_in, and q likewise their squares.
 * b, q, vOut, vIn f32 [outputs]. q stays positive: it is a sum of squares that keeps at least one nonzero item.
 */
export function hardnessAfterSwap(
  b: usize, q: usize, vOut: usize, fOut: f32, vIn: usize, fIn: f32, outputs: u32,
): f32 {
  const out4 = f32x4.splat(fOut)
  const in4 = f32x4.splat(fIn)
  let worst4 = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= outputs; i += 4) {
    const at = <usize>i << 2
    const lost = f32x4.mul(out4, v128.load(vOut + at))
    const gained = f32x4.mul(in4, v128.load(vIn + at))
    const balance = f32x4.add(f32x4.sub(v128.load(b + at), lost), gained)
    const squares = f32x4.add(f32x4.sub(v128.load(q + at), f32x4.mul(lost, lost)), f32x4.mul(gained, gained))
    worst4 = f32x4.pmax(worst4, f32x4.div(f32x4.mul(balance, balance), squares))
  }
  let worst = max(
    max(f32x4.extract_lane(worst4, 0), f32x4.extract_lane(worst4, 1)),
    max(f32x4.extract_lane(worst4, 2), f32x4.extract_lane(worst4, 3)),
  )
  for (; i < outputs; i++) {
    const at = <usize>i << 2
    const lost = fOut * load<f32>(vOut + at)
    const gained = fIn * load<f32>(vIn + at)
    const balance = load<f32>(b + at) - lost + gained
    worst = max(worst, (balance * balance) / (load<f32>(q + at) - lost * lost + gained * gained))
  }
  return worst
}

/** Adds f * v to b and f^2 v^2 (times `sign`, 1 or -1) to q: a unit joins, or with -f and sign -1 leaves. */
export function addUnit(b: usize, q: usize, v: usize, f: f32, sign: f32, outputs: u32): void {
  for (let i: u32 = 0; i < outputs; i++) {
    const at = <usize>i << 2
    const item = f * load<f32>(v + at)
    store<f32>(b + at, load<f32>(b + at) + item)
    store<f32>(q + at, load<f32>(q + at) + sign * item * item)
  }
}
