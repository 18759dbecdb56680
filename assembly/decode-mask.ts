// The decoder of src/coding/decode-mask.ts: one chunk of a mask, eight bits at a time.
import {
  clearContexts,
  contextPair,
  countAll,
  countContexts,
  probabilities,
  ratio,
  ratios,
  settleContexts,
  sumLanes,
} from './mask-model'
import { fillWords } from './random'
import { advance, bitsOf, isBelow, isStart, prepareSpread, refill, wanting } from './rans'

/** What `decodeChunk` returns: all went well, or why not. */
const DONE: u32 = 0
const ENDS_EARLY: u32 = 1
const LEFT_OVER: u32 = 2
const WRONG_STATE: u32 = 3

const P: usize = memory.data(8 * 4, 16)

/** Bytes of working memory for lines of some width. */
export function decoderBytes(width: u32): u32 {
  const padded = (width + 15) & ~15
  return padded * (4 + 4 + 4 + 4 + 1)
}

/**
 * @param at the chunk's bytes; 16 bytes after `end` must be readable
 * @param mask receives packed bits [count]; all of it, and 2 bytes after it, must be zero before
 * @param work `decoderBytes(width)` bytes, 16-byte aligned
 * @param columnPrior, linePrior expected ones, 0 for none
 * @param lanes 1 or 8
 * @param first index of the chunk's first weight in the score stream, an exact integer below 2^53
 * @param signed 1 where the first bit of a context is the score's sign
 * @param within packed bits [count], 2 bytes after them readable: only bits that are one there are coded; 0: all bits are
 */
export function decodeChunk(
  at: usize, end: usize, mask: usize, count: u32, width: u32, work: usize, start: u32, contextBits: u32,
  columnPrior: u32, linePrior: u32, lanes: u32, first: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32,
  signed: u32, within: usize,
): u32 {
  const padded = (width + 15) & ~15
  const columnOnes = work
  const columnExpected = columnOnes + (<usize>padded << 2)
  const columnRatio = columnExpected + (<usize>padded << 2)
  const words = columnRatio + (<usize>padded << 2)
  const contexts = words + (<usize>padded << 2)
  memory.fill(columnOnes, 0, <usize>padded << 3)
  memory.fill(contexts, 0, padded)
  for (let j: u32 = 0; j < padded; j += 4) v128.store(columnRatio + (<usize>j << 2), f32x4.splat(1))
  clearContexts()
  prepareSpread()

  let low = i32x4.splat(65536)
  let high = low
  let x: u32 = 65536
  if (<usize>(lanes << 2) > end - at) return ENDS_EARLY
  if (lanes == 8) {
    low = v128.load(at)
    high = v128.load(at, 16)
    if (isBelow(low) || isBelow(high)) return WRONG_STATE
  } else {
    x = load<u32>(at)
    if (x < 65536) return WRONG_STATE
  }
  at += <usize>lanes << 2

  for (let line: u32 = 0; line < count; line += width) {
    const columns = min(width, count - line)
    settleContexts(1 << contextBits, start)
    if (contextBits) readContexts(contexts, words, columns, first + <f64>line, contextBits, signed, streamLow, streamHigh, keyLow, keyHigh)
    let lineOnes: u32 = 0
    let lineExpected: u32 = 0
    let lineRatio = f32x4.splat(1)
    let nextLineRatio = lineRatio
    for (let column: u32 = 0; column < columns; column += 8) {
      const size = min<u32>(8, columns - column)
      let coded: u32 = (1 << size) - 1
      if (within) {
        coded &= <u32>load<u16>(within + (<usize>(line + column) >> 3)) >> ((line + column) & 7)
        if (coded == 0) {
          lineRatio = nextLineRatio
          continue
        }
      }
      const context = contexts + column
      const p01 = contextPair(context)
      const p23 = contextPair(context + 2)
      const p45 = contextPair(context + 4)
      const p67 = contextPair(context + 6)
      const offset = <usize>column << 2
      const p0 = probabilities(v128.shuffle<u32>(p01, p23, 0, 2, 4, 6), v128.load(columnRatio + offset), lineRatio)
      const p1 = probabilities(v128.shuffle<u32>(p45, p67, 0, 2, 4, 6), v128.load(columnRatio + offset, 16), lineRatio)

      let bits: u32 = 0
      let is0: v128
      let is1: v128
      if (lanes == 8) {
        is0 = bitsOf(low, p0)
        is1 = bitsOf(high, p1)
        let next0 = advance(low, p0, is0)
        let next1 = advance(high, p1, is1)
        let wants0 = wanting(next0)
        let wants1 = wanting(next1)
        if (coded != 255) {
          const in0 = lanesOf(coded, i32x4(1, 2, 4, 8))
          const in1 = lanesOf(coded, i32x4(16, 32, 64, 128))
          next0 = v128.bitselect(next0, low, in0)
          next1 = v128.bitselect(next1, high, in1)
          wants0 = v128.and(wants0, in0)
          wants1 = v128.and(wants1, in1)
          is0 = v128.and(is0, in0)
          is1 = v128.and(is1, in1)
        }
        bits = <u32>i32x4.bitmask(is0) | (<u32>i32x4.bitmask(is1) << 4)
        const take0 = <u32>i32x4.bitmask(wants0)
        low = refill(next0, wants0, take0, at)
        at += <usize>popcnt(take0) << 1
        const take1 = <u32>i32x4.bitmask(wants1)
        high = refill(next1, wants1, take1, at)
        at += <usize>popcnt(take1) << 1
      } else {
        v128.store(P, p0)
        v128.store(P, p1, 16)
        for (let k: u32 = 0; k < size; k++) {
          if (((coded >> k) & 1) == 0) continue
          const probability = load<u32>(P + (k << 2))
          const slot = x & 4095
          if (slot < probability) {
            x = probability * (x >> 12) + slot
            bits |= 1 << k
          } else {
            x = (4096 - probability) * (x >> 12) + slot - probability
          }
          if (x < 65536) {
            x = (x << 16) | load<u16>(at)
            at += 2
          }
        }
        is0 = lanesOf(bits, i32x4(1, 2, 4, 8))
        is1 = lanesOf(bits, i32x4(16, 32, 64, 128))
      }
      if (at > end) return ENDS_EARLY

      if (contextBits) countContexts(context, coded, is0, is1)
      else countAll(coded, bits)
      const to = mask + (<usize>(line + column) >> 3)
      store<u16>(to, load<u16>(to) | <u16>(bits << ((line + column) & 7)))
      if ((columnPrior | linePrior) == 0) continue
      let q0 = v128.shuffle<u32>(p01, p23, 1, 3, 5, 7)
      let q1 = v128.shuffle<u32>(p45, p67, 1, 3, 5, 7)
      if (coded != 255) {
        q0 = v128.and(q0, lanesOf(coded, i32x4(1, 2, 4, 8)))
        q1 = v128.and(q1, lanesOf(coded, i32x4(16, 32, 64, 128)))
      }
      if (linePrior) {
        lineOnes += popcnt(bits)
        lineExpected += sumLanes(i32x4.add(q0, q1))
        lineRatio = nextLineRatio
        nextLineRatio = f32x4.splat(ratio(lineOnes, lineExpected, linePrior))
      }
      if (columnPrior) {
        learnColumns(columnOnes + offset, columnExpected + offset, columnRatio + offset, is0, q0, columnPrior)
        learnColumns(columnOnes + offset + 16, columnExpected + offset + 16, columnRatio + offset + 16, is1, q1, columnPrior)
      }
    }
  }
  if (at != end) return LEFT_OVER
  if (lanes == 1) return x == 65536 ? DONE : WRONG_STATE
  return isStart(low) && isStart(high) ? DONE : WRONG_STATE
}

// @ts-ignore: decorator
@inline
function learnColumns(ones: usize, expected: usize, into: usize, isOne: v128, q: v128, prior: i32): void {
  const o = i32x4.sub(v128.load(ones), isOne)
  const e = i32x4.add(v128.load(expected), q)
  v128.store(ones, o)
  v128.store(expected, e)
  v128.store(into, ratios(o, e, prior))
}

/** Lanes of all ones where the bit of `bits` that a lane of `at` names is one. */
// @ts-ignore: decorator
@inline
function lanesOf(bits: u32, at: v128): v128 {
  return i32x4.ne(v128.and(i32x4.splat(bits), at), i32x4.splat(0))
}

/** Contexts u8 [columns] from the scores' words: the highest bits of their magnitudes, or of sign and magnitude. */
function readContexts(
  contexts: usize, words: usize, columns: u32, first: f64, contextBits: u32, signed: u32,
  streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32,
): void {
  fillWords(words, columns, first, streamLow, streamHigh, keyLow, keyHigh)
  const shift = 31 + signed - contextBits
  const turnable = i32x4.splat(signed ? 0x7fffffff : -1)
  const lowest = i32x4.splat((1 << contextBits) - 1)
  for (let j: u32 = 0; j < columns; j += 8) {
    const at = words + (<usize>j << 2)
    const c0 = magnitudeBits(v128.load(at), turnable, shift, lowest)
    const c1 = magnitudeBits(v128.load(at, 16), turnable, shift, lowest)
    v128.store64_lane(contexts + j, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(c0, c1), i32x4.splat(0)), 0)
  }
}

/** A word's distance from 2^31, its highest bits: where the top bit is 0 the bits of `turnable` are turned over. */
// @ts-ignore: decorator
@inline
function magnitudeBits(words: v128, turnable: v128, shift: i32, lowest: v128): v128 {
  const turned = v128.xor(words, v128.andnot(turnable, i32x4.shr_s(words, 31)))
  return v128.and(i32x4.shr_u(turned, shift), lowest)
}
