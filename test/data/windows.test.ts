import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitsPerByte, fillBatch, fillWindows, trainingStarts, validationStarts } from '../../src/data/index.js'
import { fillWords } from '../../src/random/index.js'

const counting = Uint16Array.from({ length: 1000 }, (_, i) => i)

describe('training batches', () => {
  it('start where the words of stream 2^47 say, exactly', () => {
    const count = fc.integer({ min: 130, max: 2 ** 31 })
    const place = fc.record({ seed: fc.nat(), step: fc.nat(), batch: fc.integer({ min: 1, max: 9 }) })
    fc.assert(
      fc.property(count, place, (n, { seed, step, batch }) => {
        const words = new Uint32Array(batch)
        fillWords(seed, 2 ** 47, step * batch, words)
        const expected = Array.from(words, (word) => Number((BigInt(word) * BigInt(n - 128)) >> 32n))
        expect([...trainingStarts(n, { seed, step, batch, length: 128 })]).toEqual(expected)
      }),
    )
  })

  it('are frozen', () => {
    expect([...trainingStarts(1_115_394, { seed: 7, step: 3, batch: 4, length: 128 })]).toMatchInlineSnapshot(`
      [
        25624,
        956138,
        862219,
        638638,
      ]
    `)
  })

  it('hold T tokens, and the T one further on', () => {
    const [tokens, targets] = [new Int32Array(12), new Int32Array(12)]
    const choice = { seed: 1n, step: 5, batch: 3, length: 4 }
    fillBatch(counting, choice, tokens, targets)
    const starts = trainingStarts(1000, choice)
    expect([...tokens]).toEqual([...starts].flatMap((s) => [s, s + 1, s + 2, s + 3]))
    expect([...targets]).toEqual([...tokens].map((token) => token + 1))
  })

  it('reach the first window and the last', () => {
    const starts = trainingStarts(12, { seed: 1, step: 0, batch: 200, length: 8 })
    expect([...new Set(starts)].sort()).toEqual([0, 1, 2, 3])
    expect([...trainingStarts(9, { seed: 1, step: 0, batch: 5, length: 8 })]).toEqual([0, 0, 0, 0, 0])
  })

  it('refuse what does not fit', () => {
    const tokens = new Int32Array(8)
    const choice = { seed: 1, step: 0, batch: 1, length: 8 }
    const text = counting.subarray(0, 9)
    expect(() => fillBatch(text.subarray(1), choice, tokens, tokens)).toThrow(
      '"text" expected at least 9 tokens, got 8',
    )
    expect(() => fillBatch(text, { ...choice, batch: 2 }, tokens, tokens)).toThrow(
      '"tokens" expected 2 x 8 tokens, got room for 8',
    )
    expect(() => fillBatch(text, { ...choice, batch: 0 }, tokens, tokens)).toThrow(
      '"batch" expected an integer >= 1, got 0',
    )
    expect(() => fillBatch(text, choice, tokens, new Float32Array(8) as never)).toThrow(TypeError)
    expect(() => fillWindows(text, [1], 8, tokens, tokens)).toThrow('"starts" expected integers from 0 to 0, got 1')
  })
})

describe('validation windows', () => {
  const length = fc.integer({ min: 1, max: 40 })

  it('are as many as are asked for and fit, spread evenly, without overlap, the ends included', () => {
    fc.assert(
      fc.property(length, fc.nat({ max: 2000 }), fc.integer({ min: 1, max: 50 }), (t, extra, atMost) => {
        const n = t + 1 + extra
        const starts = [...validationStarts(n, t, atMost)]
        expect(starts.length).toBe(Math.min(atMost, Math.floor((n - 1) / t)))
        expect(starts[0]).toBe(0)
        if (starts.length > 1) expect(starts.at(-1)).toBe(n - t - 1)
        const gaps = starts.slice(1).map((start, i) => start - starts[i])
        expect(Math.max(...gaps, 0) - Math.min(...gaps, Math.max(...gaps, 0))).toBeLessThanOrEqual(1)
        for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(t)
      }),
    )
  })

  it('take all there is room for', () => {
    expect([...validationStarts(13, 4)]).toEqual([0, 4, 8])
    expect([...validationStarts(12, 4)]).toEqual([0, 7])
    expect([...validationStarts(5, 4, 3)]).toEqual([0])
    expect(() => validationStarts(4, 4)).toThrow('"text" expected at least 5 tokens, got 4')
    expect(() => validationStarts(9, 4, 0)).toThrow('"atMost"')
  })
})

it('bits per byte', () => {
  expect(bitsPerByte(Math.log(256), 10, 10)).toBe(8)
  expect(bitsPerByte(Math.log(2), 25, 100)).toBe(0.25)
  expect(() => bitsPerByte(1, 1, 0)).toThrow('"bytes"')
})
