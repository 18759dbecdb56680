// Random weights under a mask: those that it keeps, 0 elsewhere. Only kept weights are made from their words.
import { centreDeviates, isCentre, tailDeviates } from './normal-pairs'
import { fillWords } from './random'

/** Words in flight: they stay in the first-level cache. */
const PIECE: u32 = 1024
const WORDS: usize = memory.data(1024 * 4, 16)
/** Byte offsets of kept words, u16: those of the centre, those of the tails. */
const CENTRE: usize = memory.data(1025 * 2, 16)
const TAIL: usize = memory.data(1025 * 2, 16)

/** Lanes of all ones where four bits are one. */
// @ts-ignore: decorator
@inline
function lanesOf(bits: u32): v128 {
  return i32x4.ne(v128.and(i32x4.splat(bits), i32x4(1, 2, 4, 8)), i32x4.splat(0))
}

/**
 * Weights `start`..`start + count - 1` at `out` (f32), kept where bit 0..count - 1 of `mask` is one; 8 bytes after the mask must be
 * readable. Streams and seeds as for `fillWords`.
 * @param kind 0 uniform, 1 normal, 2 signed constant
 * @param scale its range, deviation or magnitude
 * @returns how many are kept
 */
export function fillMasked(
  out: usize, mask: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32,
  kind: u32, scale: f64,
): u32 {
  let kept: u32 = 0
  for (let from: u32 = 0; from < count; from += PIECE) {
    const size = min(PIECE, count - from)
    fillWords(WORDS, size, start + <f64>from, streamLow, streamHigh, keyLow, keyHigh)
    const to = out + (<usize>from << 2)
    const bits = mask + (<usize>from >> 3)
    kept += countKept(bits, size)
    if (kind == 0) maskUniform(to, bits, size, scale)
    else if (kind == 1) maskNormal(to, bits, size, scale)
    else maskSignedConstant(to, bits, size, scale)
  }
  return kept
}

/** Ones among the first `size` bits. */
export function countKept(mask: usize, size: u32): u32 {
  let ones: u64 = 0
  let i: u32 = 0
  for (; i + 64 <= size; i += 64) ones += popcnt(load<u64>(mask + (i >> 3)))
  if (i < size) ones += popcnt(load<u64>(mask + (i >> 3)) & (((<u64>1) << (size - i)) - 1))
  return <u32>ones
}

function maskUniform(out: usize, mask: usize, size: u32, range: f64): void {
  const unit = f32x4.splat(<f32>(1.0 / 16777216.0))
  const offset = i32x4.splat(0xffffff)
  const wide = f64x2.splat(range)
  let i: u32 = 0
  for (; i + 4 <= size; i += 4) {
    const odd = i32x4.sub(i32x4.shl(i32x4.shr_u(v128.load(WORDS + (<usize>i << 2)), 8), 1), offset)
    const deviate = f32x4.mul(f32x4.convert_i32x4_s(odd), unit)
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(deviate), wide))
    const upper = f64x2.promote_low_f32x4(v128.shuffle<u32>(deviate, deviate, 2, 3, 0, 1))
    const high = f32x4.demote_f64x2_zero(f64x2.mul(upper, wide))
    const keep = lanesOf(<u32>load<u8>(mask + (i >> 3)) >> (i & 4))
    v128.store(out + (<usize>i << 2), v128.and(v128.shuffle<u32>(low, high, 0, 1, 4, 5), keep))
  }
  for (; i < size; i++) {
    const odd = <i32>((load<u32>(WORDS + (<usize>i << 2)) >> 8) << 1) - 0xffffff
    const kept = (load<u8>(mask + (i >> 3)) >> <u8>(i & 7)) & 1
    store<f32>(out + (<usize>i << 2), kept ? <f32>(<f64>odd * (1.0 / 16777216.0) * range) : 0)
  }
}

function maskNormal(out: usize, mask: usize, size: u32, std: f64): void {
  memory.fill(out, 0, <usize>size << 2)
  let centre = CENTRE
  let tail = TAIL
  for (let i: u32 = 0; i < size; i += 64) {
    let bits = load<u64>(mask + (i >> 3))
    if (size - i < 64) bits &= (<u64>1 << (size - i)) - 1
    for (; bits != 0; bits &= bits - 1) {
      // Listed on both sides, counted on one.
      const at = (i + <u32>ctz(bits)) << 2
      store<u16>(centre, <u16>at)
      store<u16>(tail, <u16>at)
      const isIn = isCentre(load<u32>(WORDS + at))
      centre += <usize>isIn << 1
      tail += <usize>(1 - isIn) << 1
    }
  }
  const wide = f64x2.splat(std)
  // An odd one at the end is made twice.
  if ((centre - CENTRE) & 2) store<u16>(centre, load<u16>(centre - 2))
  for (let at = CENTRE; at < centre; at += 4) storeTwo(out, at, f64x2.mul(centreDeviates(wordsAt(at)), wide))
  if ((tail - TAIL) & 2) store<u16>(tail, load<u16>(tail - 2))
  for (let at = TAIL; at < tail; at += 4) storeTwo(out, at, f64x2.mul(tailDeviates(wordsAt(at)), wide))
}

/** The words that two offsets name, in lanes 0 and 1. */
// @ts-ignore: decorator
@inline
function wordsAt(offsets: usize): v128 {
  return v128.load_lane<u32>(WORDS + <usize>load<u16>(offsets, 2), v128.load32_zero(WORDS + <usize>load<u16>(offsets)), 1)
}

// @ts-ignore: decorator
@inline
function storeTwo(out: usize, offsets: usize, values: v128): void {
  const weights = f32x4.demote_f64x2_zero(values)
  v128.store_lane<u32>(out + <usize>load<u16>(offsets), weights, 0)
  v128.store_lane<u32>(out + <usize>load<u16>(offsets, 2), weights, 1)
}

function maskSignedConstant(out: usize, mask: usize, size: u32, magnitude: f64): void {
  const value = reinterpret<u32>(<f32>magnitude)
  const value4 = i32x4.splat(value)
  const sign4 = i32x4.splat(0x80000000)
  let i: u32 = 0
  for (; i + 4 <= size; i += 4) {
    const signs = v128.and(v128.load(WORDS + (<usize>i << 2)), sign4)
    const keep = lanesOf(<u32>load<u8>(mask + (i >> 3)) >> (i & 4))
    v128.store(out + (<usize>i << 2), v128.and(v128.or(value4, signs), keep))
  }
  for (; i < size; i++) {
    const kept = (load<u8>(mask + (i >> 3)) >> <u8>(i & 7)) & 1
    store<u32>(out + (<usize>i << 2), kept ? value | (load<u32>(WORDS + (<usize>i << 2)) & 0x80000000) : 0)
  }
}
