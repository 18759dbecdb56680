import { describe, expect, test } from 'vitest'
import { decodeMask, encodeMask, inflate, maskGeometry, startProbability } from '../../src/coding/index.js'
import {
  BITS_PER_WORD,
  DEFLATE_RATIO,
  leastDeflatedBytes,
  leastMaskBytes,
  leastStreamBytes,
} from '../../src/coding/least-bytes.js'
import { createBitDecoder } from '../../src/coding/rans.js'
import { nodeDeflate } from '../../src/engine/node.js'
import { fillWords } from '../../src/random/index.js'

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

test('the largest state gives 45,549 of the likeliest bits, and needs a word for the next', () => {
  const decoder = createBitDecoder(Uint8Array.of(255, 255, 255, 255), 1)
  let x = 2 ** 32 - 1
  let likely = true
  const readLikeliest = () => {
    const isOne = x % 4096 < 4095
    likely &&= decoder.read(0, isOne ? 4095 : 1) === (isOne ? 1 : 0)
    x = 4095 * Math.floor(x / 4096) + (x % 4096) - (isOne ? 0 : 1)
  }
  for (let i = 1; i < BITS_PER_WORD; i++) readLikeliest()
  expect(likely).toBe(true)
  expect(readLikeliest).toThrow('the coded bits end too early')
})

describe('no mask is coded in fewer bytes', () => {
  const sizes: [number, number][] = [
    [1, 1],
    [9, 3],
    [2 ** 16, 1],
    [3 * 2 ** 16 + 5, 1],
    [2 ** 21 + 2 ** 18, 1024],
    [2 ** 18, 2 ** 17],
  ]
  test.each(sizes)('%i bits in rows of %i', (count, columns) => {
    const geometry = maskGeometry(count, columns)
    const least = leastMaskBytes(geometry)
    const none = new Uint8Array(Math.ceil(count / 8))
    const shape = { geometry, start: startProbability(0, count), magnitudes: null }
    const coded = encodeMask(none, shape)
    expect(coded.length).toBeGreaterThanOrEqual(least)
    expect(same(decodeMask(coded, shape), none)).toBe(true)
    // Close to it too, or the bound would promise little: the eight states take 32 bytes a chunk.
    expect(coded.length).toBeLessThan(1.2 * least + 34 * geometry.chunks)
  })
  test('nor one that keeps a weight in 100,000', () => {
    const count = 2 ** 19
    const geometry = maskGeometry(count, 1024)
    const mask = new Uint8Array(count / 8)
    const words = new Uint32Array(5)
    fillWords(3, 0, 0, words)
    for (const word of words) mask[(word % count) >> 3] |= 1 << (word & 7)
    const shape = { geometry, start: startProbability(5, count), magnitudes: null }
    expect(encodeMask(mask, shape).length).toBeGreaterThan(leastMaskBytes(geometry))
  })
  test('a stream grows by a word for every 45,550 bits', () => {
    expect([1, BITS_PER_WORD, BITS_PER_WORD + 1].map(leastStreamBytes)).toEqual([4, 4, 6])
  })
})

test.each([0, 1, 1031, 1032, 1033, 1_000_000])('no %i bytes are deflated into fewer', async (size) => {
  const zeros = new Uint8Array(size)
  const deflated = nodeDeflate(zeros)
  expect(deflated.length).toBeGreaterThanOrEqual(leastDeflatedBytes(size))
  if (size > 0) expect(same(await inflate(deflated, size), zeros)).toBe(true)
  if (size === 1_000_000) expect(size / deflated.length).toBeGreaterThan(0.98 * DEFLATE_RATIO)
})
