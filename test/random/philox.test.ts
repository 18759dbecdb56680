// Known answers: kat_vectors of Random123 1.14 (D. E. Shaw Research), the three philox4x32 10 lines.
import { describe, expect, it } from 'vitest'
import { fillWords, philox4x32, seedWords } from '../../src/random/index.js'

const vectors: [counter: number[], key: number[], words: number[]][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
]

describe('Philox4x32-10', () => {
  it.each(vectors)('gives the known answer for counter %j and key %j', (counter, key, expected) => {
    const out = new Uint32Array(4)
    philox4x32(out, 0, counter[0], counter[1], counter[2], counter[3], key[0], key[1])
    expect([...out]).toEqual(expected)
  })

  it('lays key and counter out as (seed low, seed high) and (block low, block high, stream low, stream high)', () => {
    const direct = new Uint32Array(4)
    philox4x32(direct, 0, 0x243f6a88, 0x45a30, 0x13198a2e, 0x12345, 0xa4093822, 0x299f31d0)
    const words = new Uint32Array(4)
    const block = 0x243f6a88 + 0x45a30 * 2 ** 32
    fillWords(0x299f31d0a4093822n, 0x13198a2e + 0x12345 * 2 ** 32, block * 4, words)
    expect([...words]).toEqual([...direct])
  })

  it('gives any window of a stream alone', () => {
    const whole = new Uint32Array(64)
    fillWords(7, 3, 0, whole)
    for (const [start, length] of [
      [0, 1],
      [1, 2],
      [3, 9],
      [6, 58],
    ]) {
      const part = new Uint32Array(length)
      fillWords(7, 3, start, part)
      expect([...part]).toEqual([...whole.subarray(start, start + length)])
    }
  })

  it('splits and refuses seeds', () => {
    expect(seedWords(0x1_0000_0002)).toEqual({ low: 2, high: 1 })
    expect(() => seedWords(1.5)).toThrow(TypeError)
    expect(() => seedWords(-1)).toThrow('"seed" expected 0 <= seed < 2^64, got -1')
    expect(() => seedWords(2n ** 64n)).toThrow(RangeError)
    expect(() => fillWords(1, -1, 0, new Uint32Array(1))).toThrow(
      '"stream" expected an integer from 0 to 2^53-1, got -1',
    )
  })
})
