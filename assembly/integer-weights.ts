// Weights as small integers, in both layouts that products of integers want.

/** The least normal float32 number: the inverse of a scale below it would be infinite. */
const LEAST_NORMAL: f32 = 1.1754943508222875e-38

/** Room for a tile of 16 x 16 codes, twice. */
const TILE: usize = memory.data(512, 16)

/** The largest magnitude of float32 [count]; NaN if one is NaN. */
function largest(values: usize, count: u32): f32 {
  let most = f32x4.splat(0)
  const whole = count & ~3
  for (let i: u32 = 0; i < whole; i += 4) most = f32x4.max(most, f32x4.abs(v128.load(values + (<usize>i << 2))))
  let found = max(max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)))
  for (let i = whole; i < count; i++) found = max(found, abs(load<f32>(values + (<usize>i << 2))))
  return found
}

// @ts-ignore: decorator
@inline
function code1(value: f32, inverse: f32): i8 {
  return <i8>nearest(value * inverse)
}

// @ts-ignore: decorator
@inline
function codes4(at: usize, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), inverse)))
}

/** Sixteen codes. */
// @ts-ignore: decorator
@inline
function codes16(at: usize, inverse: v128): v128 {
  const low = i16x8.narrow_i32x4_s(codes4(at, inverse), codes4(at + 16, inverse))
  const high = i16x8.narrow_i32x4_s(codes4(at + 32, inverse), codes4(at + 48, inverse))
  return i8x16.narrow_i16x8_s(low, high)
}

/** Interleaves the upper and the lower half of a tile: four times over, a tile of 16 x 16 bytes is transposed. */
// @ts-ignore: decorator
@inline
function interleave(from: usize, to: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const a = v128.load(from + (i << 4))
    const b = v128.load(from + (i << 4) + 128)
    v128.store(to + (i << 5), i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23))
    v128.store(to + (i << 5) + 16, i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))
  }
}

/**
 * Rounds float32 [rows, columns] to multiples of a scale: int8 `codes` [rows, columns] and `transposed` [columns, rows]. The scale is `unit`, or, where
 * that is 0, the largest magnitude / levels. It is at least 2^-126. Returns the scale; 1 for zeros alone without a unit. Where a weight is not finite, neither is
 * the scale without a unit, and codes mean nothing.
 */
export function integerWeights(
  values: usize, codes: usize, transposed: usize, rows: u32, columns: u32, levels: f32, unit: f32,
): f32 {
  let scale = unit
  if (unit == 0) {
    const most = largest(values, rows * columns)
    scale = most == 0 ? 1 : most / levels
  }
  scale = max(scale, LEAST_NORMAL)
  const inverse: f32 = 1 / scale
  const inverse4 = f32x4.splat(inverse)
  const wholeRows = rows & ~15
  const wholeColumns = columns & ~15
  for (let r: u32 = 0; r < wholeRows; r += 16) {
    for (let c: u32 = 0; c < wholeColumns; c += 16) {
      for (let i: u32 = 0; i < 16; i++) {
        const at = <usize>(r + i) * columns + c
        const line = codes16(values + (at << 2), inverse4)
        v128.store(codes + at, line)
        v128.store(TILE + (<usize>i << 4), line)
      }
      interleave(TILE, TILE + 256)
      interleave(TILE + 256, TILE)
      interleave(TILE, TILE + 256)
      interleave(TILE + 256, TILE)
      for (let i: u32 = 0; i < 16; i++) {
        v128.store(transposed + <usize>(c + i) * rows + r, v128.load(TILE + (<usize>i << 4)))
      }
    }
  }
  for (let r: u32 = 0; r < rows; r++) {
    for (let c: u32 = r < wholeRows ? wholeColumns : 0; c < columns; c++) {
      const at = <usize>r * columns + c
      const code = code1(load<f32>(values + (at << 2)), inverse)
      store<i8>(codes + at, code)
      store<i8>(transposed + <usize>c * rows + r, code)
    }
  }
  return scale
}
