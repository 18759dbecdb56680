// What kept weights are multiplied by: a scale, the number of coats that they wear, and a sign.

/** Adds one to the byte of each weight whose bit is one. @param layers u8 [count] @param bits packed, 8 bytes after them readable */
export function addCoat(layers: usize, bits: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i += 8) {
    let byte = <u32>load<u8>(bits + (i >> 3))
    if (count - i < 8) byte &= (1 << (count - i)) - 1
    for (; byte != 0; byte &= byte - 1) {
      const at = layers + i + ctz(byte)
      store<u8>(at, load<u8>(at) + 1)
    }
  }
}

/**
 * Weights at `out` (f32) become f32(f32(weight * scale) * layers), of the other sign where the bit of `inverted` is one. Up to 12 bytes after
 * the weights and 3 after the layers are read and written too.
 * @param layers u8 [count], 16-byte aligned; 0: one layer everywhere
 * @param inverted packed bits; 0: none
 */
export function dressWeights(out: usize, count: u32, scale: f32, layers: usize, inverted: usize): void {
  const factor = f32x4.splat(scale)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = out + (<usize>i << 2)
    let w = f32x4.mul(v128.load(at), factor)
    if (layers) {
      const bytes = v128.load32_zero(layers + i)
      w = f32x4.mul(w, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))))
    }
    if (inverted) {
      const bits = i32x4.splat(<u32>load<u8>(inverted + (i >> 3)) >> (i & 4))
      const isInverted = i32x4.ne(v128.and(bits, i32x4(1, 2, 4, 8)), i32x4.splat(0))
      w = v128.xor(w, v128.and(isInverted, i32x4.splat(0x80000000)))
    }
    v128.store(at, w)
  }
}
