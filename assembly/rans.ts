// States of the range coder of src/coding/rans.ts, four in a vector.

const LEAST: u32 = 65536

/** For each set of lanes that want a word: which of the next four words goes where, as byte indices (255: zero). u8 [16][16] */
const SPREAD: usize = memory.data(256, 16)

/** Fills the table; once is enough. */
export function prepareSpread(): void {
  for (let lanes: u32 = 0; lanes < 16; lanes++) {
    let word: u8 = 0
    for (let lane: u32 = 0; lane < 4; lane++) {
      const at = SPREAD + (lanes << 4) + (lane << 2)
      const wanted = ((lanes >> lane) & 1) == 1
      store<u32>(at, 0xffffffff)
      if (!wanted) continue
      store<u8>(at, word << 1)
      store<u8>(at, (word << 1) + 1, 1)
      word++
    }
  }
}

/** Which of four states are at a one: lanes of all ones or zero. */
// @ts-ignore: decorator
@inline
export function bitsOf(states: v128, probability: v128): v128 {
  return i32x4.lt_s(v128.and(states, i32x4.splat(4095)), probability)
}

/** The four states with their bits taken off; some may be below 2^16 then. */
// @ts-ignore: decorator
@inline
export function advance(states: v128, probability: v128, isOne: v128): v128 {
  const slot = v128.and(states, i32x4.splat(4095))
  const size = v128.bitselect(probability, i32x4.sub(i32x4.splat(4096), probability), isOne)
  const base = v128.andnot(probability, isOne)
  return i32x4.add(i32x4.mul(size, i32x4.shr_u(states, 12)), i32x4.sub(slot, base))
}

/** Lanes that want a word. */
// @ts-ignore: decorator
@inline
export function wanting(states: v128): v128 {
  return i32x4.lt_u(states, i32x4.splat(LEAST))
}

/** States with the words at `at` taken in, in the order of the lanes that want one. */
// @ts-ignore: decorator
@inline
export function refill(states: v128, wants: v128, lanes: u32, at: usize): v128 {
  const words = v128.swizzle(v128.load64_zero(at), v128.load(SPREAD + (lanes << 4)))
  return v128.bitselect(v128.or(i32x4.shl(states, 16), words), states, wants)
}

/** Whether all four states are back where the encoder started. */
// @ts-ignore: decorator
@inline
export function isStart(states: v128): bool {
  return i32x4.all_true(i32x4.eq(states, i32x4.splat(LEAST)))
}

/** Whether a state is too small to be one. */
// @ts-ignore: decorator
@inline
export function isBelow(states: v128): bool {
  return v128.any_true(wanting(states))
}
