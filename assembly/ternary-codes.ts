// Random signed constants under a mask as codes of two bits, four a byte: no weight is ever a float32 number.
import { countKept } from './masked-weights'
import { fillWords } from './random'

/** Words in flight: they stay in the first-level cache. */
const PIECE: u32 = 1024
const WORDS: usize = memory.data(1024 * 4, 16)

/** The byte of four codes, by four mask bits above four signs: 2 for a dropped weight, 1 for a negative one, 3 for a positive one. None is 0. */
const BYTES: usize = memory.data(256, 16)

/** At the first use: code outside of functions would run whenever the module is loaded. */
function fillBytes(): void {
  for (let index: u32 = 0; index < 256; index++) {
    let byte: u32 = 0
    for (let i: u32 = 0; i < 4; i++) {
      const kept = (index >> (4 + i)) & 1
      const negative = (index >> i) & 1
      byte |= (kept ? 3 - 2 * negative : 2) << (2 * i)
    }
    store<u8>(BYTES + index, <u8>byte)
  }
}

/**
 * The codes of weights `start`..`start + count - 1` at `out`, ceil(count / 4) bytes, lowest bits first; codes past the end are 2. A weight is
 * kept where bit 0..count - 1 of `mask` is one; 8 bytes after the mask must be readable. Streams and seeds as for `fillWords`.
 * @returns how many are kept
 */
export function fillTernary(
  out: usize, mask: usize, count: u32, start: f64, streamLow: u32, streamHigh: u32, keyLow: u32, keyHigh: u32,
): u32 {
  if (load<u8>(BYTES) == 0) fillBytes()
  let kept: u32 = 0
  for (let from: u32 = 0; from < count; from += PIECE) {
    const size = min(PIECE, count - from)
    fillWords(WORDS, size, start + <f64>from, streamLow, streamHigh, keyLow, keyHigh)
    const bits = mask + (<usize>from >> 3)
    kept += countKept(bits, size)
    const to = out + (<usize>from >> 2)
    for (let i: u32 = 0; i < size; i += 4) {
      const signs = <u32>i32x4.bitmask(v128.load(WORDS + (<usize>i << 2)))
      let keep = (<u32>load<u8>(bits + (i >> 3)) >> (i & 4)) & 15
      if (size - i < 4) keep &= (1 << (size - i)) - 1
      store<u8>(to + (i >> 2), load<u8>(BYTES + ((keep << 4) | signs)))
    }
  }
  return kept
}

/** Turns the codes 1 and 3 over where a bit of `bits` is one: a code of 2 has none. @param out ceil(count / 4) bytes of codes */
export function invertTernary(out: usize, bits: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i += 4) {
    let four = (<u32>load<u8>(bits + (i >> 3)) >> (i & 4)) & 15
    if (count - i < 4) four &= (1 << (count - i)) - 1
    // Bit j of the four goes to bit 2 j + 1: from 0b01 to 0b11 and back.
    const turned = ((four & 1) << 1) | ((four & 2) << 2) | ((four & 4) << 3) | ((four & 8) << 4)
    const at = out + (i >> 2)
    store<u8>(at, load<u8>(at) ^ <u8>turned)
  }
}
