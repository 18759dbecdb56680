import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  copyBits,
  countOnes,
  getBit,
  packBits,
  packedBytes,
  tailIsZero,
  unpackBits,
  zeroDropped,
} from '../../src/mask/index.js'

const flags = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 200 })

test('bits are packed least significant first', () => {
  expect([...packBits([1, 0, 0, 0, 0, 0, 0, 0, 1, 1])]).toEqual([0b00000001, 0b00000011])
  expect([...packBits([0, 1, 1, 0, 0, 0, 0, 1])]).toEqual([0b10000110])
  expect([...unpackBits(Uint8Array.of(0b10000110), 8)]).toEqual([0, 1, 1, 0, 0, 0, 0, 1])
  expect(getBit(Uint8Array.of(0, 0b100), 10)).toBe(1)
  expect(packedBytes(9)).toBe(2)
})

test('unpacking, counting and tails agree with the flags (fast-check)', () => {
  fc.assert(
    fc.property(flags, fc.nat(), (list, n) => {
      const packed = packBits(list)
      const start = list.length ? n % list.length : 0
      expect([...unpackBits(packed, list.length - start, start)]).toEqual(list.slice(start))
      expect(countOnes(packed, start)).toBe(list.slice(0, start).filter(Boolean).length)
      expect(countOnes(packed)).toBe(list.filter(Boolean).length)
      expect(tailIsZero(packed, start)).toBe(!list.slice(start).some(Boolean))
      const values = Float32Array.from(list, (_, i) => i + 1)
      zeroDropped(values, packed)
      expect([...values]).toEqual(list.map((bit, i) => (bit ? i + 1 : 0)))
    }),
    { seed: 1, numRuns: 1_000 },
  )
})

test('a range of bits is copied between any offsets and nothing else changes (fast-check)', () => {
  const range = fc.tuple(flags, flags, fc.nat(), fc.nat(), fc.nat())
  fc.assert(
    fc.property(range, ([from, to, a, b, c]) => {
      const fromBit = a % (from.length + 1)
      const toBit = b % (to.length + 1)
      const count = c % (Math.min(from.length - fromBit, to.length - toBit) + 1)
      const target = packBits(to)
      copyBits(packBits(from), fromBit, target, toBit, count)
      const expected = [...to]
      for (let i = 0; i < count; i++) expected[toBit + i] = from[fromBit + i]
      expect(target).toEqual(packBits(expected))
    }),
    { seed: 2, numRuns: 5_000 },
  )
})

test('ranges that leave their arrays are refused', () => {
  const byte = new Uint8Array(1)
  expect(() => copyBits(byte, 1, byte, 0, 8)).toThrow('"from" expected at least 9 bits, got 8')
  expect(() => copyBits(byte, 0, byte, 3, 6)).toThrow('"to" expected at least 9 bits, got 8')
  expect(() => unpackBits(byte, -1)).toThrow(RangeError)
  expect(() => countOnes(byte, 9)).toThrow(RangeError)
})
