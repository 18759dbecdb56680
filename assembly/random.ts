// Streams of words and weights; the definitions are src/random/stream.ts and src/random/weights.ts.
import { normalOfWord } from './normal-quantile'
import { philox4Blocks } from './philox'

const SCRATCH: usize = memory.data(64, 16)

/** Words start..start+count-1 of a stream at `out` (u32). `start` is an exact integer below 2^53. */
export function fillWords(
  out: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32,
): void {
  const first = <u64>start
  let block = first >> 2
  let written: u32 = 0
  let skip: u32 = <u32>(first & 3)
  if (skip == 0) {
    for (; written + 16 <= count; written += 16, block += 4)
      philox4Blocks(out + (<usize>written << 2), block, streamLow, streamHigh, keyLow, keyHigh)
  }
  while (written < count) {
    philox4Blocks(SCRATCH, block, streamLow, streamHigh, keyLow, keyHigh)
    let take: u32 = 16 - skip
    if (take > count - written) take = count - written
    memory.copy(out + (<usize>written << 2), SCRATCH + (<usize>skip << 2), <usize>take << 2)
    written += take
    skip = 0
    block += 4
  }
}

/** Uniform float32 weights on (-range, range), made in place of their words. */
export function fillUniform(
  out: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32, range: f64,
): void {
  fillWords(out, count, start, streamLow, streamHigh, keyLow, keyHigh)
  const unit = f32x4.splat(<f32>(1.0 / 16777216.0))
  const offset = i32x4.splat(0xffffff)
  const wide = f64x2.splat(range)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const at = out + (<usize>i << 2)
    const odd = i32x4.sub(i32x4.shl(i32x4.shr_u(v128.load(at), 8), 1), offset)
    const deviate = f32x4.mul(f32x4.convert_i32x4_s(odd), unit)
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(deviate), wide))
    const high = f32x4.demote_f64x2_zero(
      f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<u32>(deviate, deviate, 2, 3, 0, 1)), wide),
    )
    v128.store(at, v128.shuffle<u32>(low, high, 0, 1, 4, 5))
  }
  for (; i < count; i++) {
    const at = out + (<usize>i << 2)
    const odd = <i32>((load<u32>(at) >> 8) << 1) - 0xffffff
    store<f32>(at, <f32>(<f64>odd * (1.0 / 16777216.0) * range))
  }
}

/** Normal float32 weights of deviation `std`, made in place of their words. */
export function fillNormal(
  out: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32, std: f64,
): void {
  fillWords(out, count, start, streamLow, streamHigh, keyLow, keyHigh)
  for (let i: u32 = 0; i < count; i++) {
    const at = out + (<usize>i << 2)
    store<f32>(at, <f32>(normalOfWord(load<u32>(at)) * std))
  }
}

/** Weights of one magnitude and random sign, made in place of their words. */
export function fillSignedConstant(
  out: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32, magnitude: f64,
): void {
  fillWords(out, count, start, streamLow, streamHigh, keyLow, keyHigh)
  const bits = reinterpret<u32>(<f32>magnitude)
  for (let i: u32 = 0; i < count; i++) {
    const at = out + (<usize>i << 2)
    store<u32>(at, bits | (load<u32>(at) & 0x80000000))
  }
}
