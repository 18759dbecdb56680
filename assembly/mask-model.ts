// The model of src/coding/mask-model.ts: what is kept in memory, and its steps on eight bits at a time.

/** Contexts with their odds (f32) and densities (i32), [128][2]. */
export const CONTEXTS: usize = memory.data(128 * 8, 16)
/**
 * How often the bits under each were zero and were one: u32 [4][128][2]. Lane j counts in table j mod 4, so that a context met
 * twice in a row waits less.
 */
const COUNTS: usize = memory.data(4 * 128 * 8, 16)
const TABLE: usize = 128 * 8
/** For each of eight bits, 2 context + bit: u8. */
const KEYS: usize = memory.data(8, 8)

const ONE: u32 = 4096
const CONTEXT_PRIOR: f64 = 8

export function clearContexts(): void {
  memory.fill(COUNTS, 0, 4 * TABLE)
}

/** Densities and odds of all contexts from their counts. @param start 1 to 4095 */
export function settleContexts(contextCount: u32, start: u32): void {
  for (let c: usize = 0; c < <usize>contextCount; c++) {
    const at = COUNTS + (c << 3)
    const counts = load<u64>(at) + load<u64>(at + TABLE) + load<u64>(at + 2 * TABLE) + load<u64>(at + 3 * TABLE)
    const ones = <f64>(<u32>(counts >> 32))
    const seen = <f64>(<u32>counts) + ones
    // Exact: the operands are integers below 2^35, so the quotient is rounded up to an integer only where it is one.
    let q = <u32>floor((ones * <f64>ONE + CONTEXT_PRIOR * <f64>start) / (seen + CONTEXT_PRIOR))
    q = min<u32>(max<u32>(q, 1), ONE - 1)
    store<f32>(CONTEXTS + (c << 3), <f32>q / <f32>(ONE - q))
    store<u32>(CONTEXTS + (c << 3), q, 4)
  }
}

/** Counts the bits that `coded` names, lanes of all ones or zero, under their contexts, u8 [8] at `contexts`. */
// @ts-ignore: decorator
@inline
export function countContexts(contexts: usize, coded: u32, isOne0: v128, isOne1: v128): void {
  const context = v128.load64_zero(contexts)
  const isOne = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(isOne0, isOne1), i32x4.splat(0))
  v128.store64_lane(KEYS, i8x16.sub(i8x16.add(context, context), isOne), 0)
  if (coded == 255) {
    count(0, 0)
    count(1, 1)
    count(2, 2)
    count(3, 3)
    count(4, 0)
    count(5, 1)
    count(6, 2)
    count(7, 3)
  } else {
    for (let k: u32 = 0; k < 8; k++) if ((coded >> k) & 1) count(k, k & 3)
  }
}

// @ts-ignore: decorator
@inline
function count(lane: u32, table: u32): void {
  const at = COUNTS + table * <u32>TABLE + (<usize>load<u8>(KEYS + lane) << 2)
  store<u32>(at, load<u32>(at) + 1)
}

/** The same where all bits have context 0. */
// @ts-ignore: decorator
@inline
export function countAll(coded: u32, bits: u32): void {
  const ones = popcnt(bits)
  const size = popcnt(coded)
  store<u64>(COUNTS, load<u64>(COUNTS) + (<u64>(size - ones) | (<u64>ones << 32)))
}

/** Two contexts: odds, density, odds, density. */
// @ts-ignore: decorator
@inline
export function contextPair(contexts: usize): v128 {
  const low = v128.load64_zero(CONTEXTS + (<usize>load<u8>(contexts) << 3))
  return v128.load_lane<u64>(CONTEXTS + (<usize>load<u8>(contexts, 1) << 3), low, 1)
}

/** Probabilities of four bits, i32x4 from 1 to 4095. */
// @ts-ignore: decorator
@inline
export function probabilities(odds: v128, column: v128, line: v128): v128 {
  const o = f32x4.mul(f32x4.mul(odds, column), line)
  const p = f32x4.mul(f32x4.div(o, f32x4.add(f32x4.splat(1), o)), f32x4.splat(<f32>ONE))
  return i32x4.max_s(i32x4.min_s(i32x4.trunc_sat_f32x4_s(p), i32x4.splat(ONE - 1)), i32x4.splat(1))
}

/** (ones + prior) / (expected + prior), expected in 4096ths. */
// @ts-ignore: decorator
@inline
export function ratios(ones: v128, expected: v128, prior: i32): v128 {
  const above = i32x4.shl(i32x4.add(ones, i32x4.splat(prior)), 12)
  const below = i32x4.add(expected, i32x4.splat(prior << 12))
  return f32x4.div(f32x4.convert_i32x4_s(above), f32x4.convert_i32x4_s(below))
}

// @ts-ignore: decorator
@inline
export function ratio(ones: u32, expected: u32, prior: u32): f32 {
  return <f32>(<i32>((ones + prior) << 12)) / <f32>(<i32>(expected + (prior << 12)))
}

/** Sum of four lanes. */
// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): u32 {
  const halves = i32x4.add(x, v128.shuffle<u32>(x, x, 2, 3, 0, 1))
  return <u32>i32x4.extract_lane(i32x4.add(halves, v128.shuffle<u32>(halves, halves, 1, 0, 3, 2)), 0)
}
