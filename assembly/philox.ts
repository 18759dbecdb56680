// Philox4x32-10 on four blocks at a time. The definition is src/random/philox.ts; tests hold both to the same bits.

const M0: u32 = 0xd2511f53
const M1: u32 = 0xcd9e8d57
const W0: u32 = 0x9e3779b9
const W1: u32 = 0xbb67ae85

/**
 * Writes the 16 words of blocks `block`..`block + 3` of (key, stream) at `out`, in stream order.
 */
// @ts-ignore: decorator
@inline
export function philox4Blocks(out: usize, block: u64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32): void {
  let c0 = i32x4.splat(<i32>(<u32>block))
  let c1 = i32x4.splat(<i32>(<u32>(block >> 32)))
  if (<u32>block <= 0xfffffffc) {
    c0 = i32x4.add(c0, i32x4(0, 1, 2, 3))
  } else {
    c0 = i32x4(<i32>(<u32>block), <i32>(<u32>(block + 1)), <i32>(<u32>(block + 2)), <i32>(<u32>(block + 3)))
    c1 = i32x4(
      <i32>(<u32>(block >> 32)),
      <i32>(<u32>((block + 1) >> 32)),
      <i32>(<u32>((block + 2) >> 32)),
      <i32>(<u32>((block + 3) >> 32)),
    )
  }
  let c2 = i32x4.splat(<i32>streamLow)
  let c3 = i32x4.splat(<i32>streamHigh)
  const m0 = i32x4.splat(<i32>M0)
  const m1 = i32x4.splat(<i32>M1)
  const w0 = i32x4.splat(<i32>W0)
  const w1 = i32x4.splat(<i32>W1)
  let k0 = i32x4.splat(<i32>keyLow)
  let k1 = i32x4.splat(<i32>keyHigh)
  for (let round = 0; round < 10; round++) {
    // The four 64-bit products of each multiplier, and of those the low and the high halves.
    const first0 = i64x2.extmul_low_i32x4_u(c0, m0)
    const last0 = i64x2.extmul_high_i32x4_u(c0, m0)
    const first1 = i64x2.extmul_low_i32x4_u(c2, m1)
    const last1 = i64x2.extmul_high_i32x4_u(c2, m1)
    const high0 = v128.shuffle<u32>(first0, last0, 1, 3, 5, 7)
    const high1 = v128.shuffle<u32>(first1, last1, 1, 3, 5, 7)
    c0 = v128.xor(v128.xor(high1, c1), k0)
    c2 = v128.xor(v128.xor(high0, c3), k1)
    c1 = v128.shuffle<u32>(first1, last1, 0, 2, 4, 6)
    c3 = v128.shuffle<u32>(first0, last0, 0, 2, 4, 6)
    k0 = i32x4.add(k0, w0)
    k1 = i32x4.add(k1, w1)
  }
  // Lane j holds block j: transpose to stream order.
  const a = v128.shuffle<u32>(c0, c1, 0, 4, 1, 5)
  const b = v128.shuffle<u32>(c2, c3, 0, 4, 1, 5)
  const c = v128.shuffle<u32>(c0, c1, 2, 6, 3, 7)
  const d = v128.shuffle<u32>(c2, c3, 2, 6, 3, 7)
  v128.store(out, v128.shuffle<u32>(a, b, 0, 1, 4, 5), 0)
  v128.store(out, v128.shuffle<u32>(a, b, 2, 3, 6, 7), 16)
  v128.store(out, v128.shuffle<u32>(c, d, 0, 1, 4, 5), 32)
  v128.store(out, v128.shuffle<u32>(c, d, 2, 3, 6, 7), 48)
}
