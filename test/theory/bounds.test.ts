import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BoundsOptions,
  blockConstants,
  bounds,
  matrixWidth,
  queryKeyWidth,
  transformerWidths,
  valueWidth,
} from '../../src/theory/index.js'

// Worked by hand: logarithms of small powers of 2 and of 10.
const { LN2, LN10 } = Math

describe('widths against hand-computed numbers', () => {
  it('Lemma 7: d1 C log(d1 d2 / eps)', () => {
    const { bound, width, itemsPerWeight } = matrixWidth(4, 8, 0.01, 3)
    expect(bound).toBeCloseTo(12 * (5 * LN2 + 2 * LN10), 10)
    expect(width).toBe(97) // 96.85
    expect(itemsPerWeight).toBe(25) // 24.21
  })

  it('Theorem 9: n_K and n_V for d1 = d2 = 4, H = 2, alpha = 2, eps = 1/16', () => {
    const shape = { d1: 4, d2: 4, heads: 2, eps: 1 / 16, alpha: 2 }
    // 8 * 2 * 8 * 8 * 16 = 2^14; 2 * 2 * 2 * 4 * 2 * 16 = 2^10
    expect(queryKeyWidth(shape).bound).toBeCloseTo(4 * 14 * LN2, 10)
    expect(valueWidth(shape).bound).toBeCloseTo(4 * 10 * LN2, 10)
  })

  it('Theorem 11: one block, d = 4, H = 2, L = 2, alpha = 2, eps = 1/16', () => {
    const [{ attention, feedForward }] = transformerWidths({
      d: 4,
      heads: 2,
      layers: 2,
      blocks: 1,
      eps: 1 / 16,
      alpha: 2,
    })
    // 32 * 8 * 2 * 8 * 16 = 2^16; 24 * 2 * 2 * 2 * 32 * 16 = 3 * 2^15
    expect(attention.bound).toBeCloseTo(4 * 16 * LN2, 10)
    expect(feedForward.bound).toBeCloseTo(4 * (15 * LN2 + Math.log(3)), 10)
    expect(feedForward.logArgument).toBeCloseTo(Math.log(24 * 2 * 2 * 2 * 32 * 16), 12)
  })

  it('Theorem 14: constants of three blocks, d = 4, H = 1, alpha = 2', () => {
    const constants = blockConstants({ d: 4, heads: 1, layers: 1, blocks: 3, eps: 0.5, alpha: 2 })
    // beta = 2, 16, 128; 16 H sqrt d = 32
    const factor = (beta: number): number => 32 * beta * beta
    expect(constants.map(({ logBeta }) => Math.exp(logBeta))).toEqual([2, 16, 128].map((v) => expect.closeTo(v, 9)))
    expect(constants.map(({ logG }) => Math.exp(logG))).toEqual([2, 32, 256].map((v) => expect.closeTo(v, 9)))
    const K = [4 * factor(16) * factor(128), 4 * factor(128), 2]
    constants.forEach(({ logK }, b) => {
      expect(logK).toBeCloseTo(Math.log(K[b]), 10)
    })
  })

  it('a hundred blocks of width 4096 stay finite', () => {
    const widths = transformerWidths({ d: 4096, heads: 64, layers: 2, blocks: 100, eps: 1e-3, alpha: 64 })
    for (const { attention, feedForward } of widths) {
      expect(Number.isFinite(attention.bound) && Number.isFinite(feedForward.bound)).toBe(true)
    }
    expect(widths[0].attention.logArgument).toBeGreaterThan(Math.log(Number.MAX_VALUE))
  })
})

describe('laws', () => {
  const shapes = fc.record({
    d1: fc.integer({ min: 1, max: 64 }),
    heads: fc.integer({ min: 1, max: 16 }),
    eps: fc.double({ min: 1e-6, max: 0.9, noNaN: true }),
    blocks: fc.integer({ min: 1, max: 6 }),
    layers: fc.integer({ min: 1, max: 4 }),
  })
  const grows = (less: BoundsOptions, more: BoundsOptions): void => {
    const before = bounds(less)
    bounds(more).forEach((bound, i) => {
      expect(bound.bound).toBeGreaterThanOrEqual(before[i].bound - 1e-9)
    })
  }

  it('every bound grows as eps shrinks, with heads, with layers, with alpha, and in proportion to C', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        grows(shape, { ...shape, eps: shape.eps / 2 })
        grows(shape, { ...shape, heads: shape.heads + 1 })
        grows(shape, { ...shape, layers: shape.layers + 1 })
        grows(shape, { ...shape, alpha: 2 * Math.sqrt(shape.d1) })
        const once = bounds(shape)
        bounds({ ...shape, C: 3 }).forEach(({ bound }, i) => {
          expect(bound).toBeCloseTo(3 * once[i].bound, 6)
        })
      }),
    )
  })

  it('Theorem 14 of one block is Theorem 11; the first block of more needs more', () => {
    fc.assert(
      fc.property(shapes, ({ d1, heads, eps, layers }) => {
        const shape = { d1, heads, eps, layers }
        const [, , , one] = bounds({ ...shape, blocks: 1 })
        const [, , , first] = bounds({ ...shape, blocks: 2 })
        expect(one.statement).toBe('Theorem 11')
        expect(first.quantity).toBe('n_MHA(1)')
        expect(first.bound).toBeGreaterThan(one.bound)
      }),
    )
  })

  it('lists Lemma 7 and Theorem 9 alone without blocks', () => {
    expect(bounds({ d1: 3, d2: 5, eps: 0.1 }).map(({ quantity }) => quantity)).toEqual(['n', 'n_K', 'n_V'])
  })
})

describe('bad arguments', () => {
  const fine = { d1: 4, eps: 0.1 }
  it.each([
    ['d1', { ...fine, d1: 0 }],
    ['d1', { ...fine, d1: 2.5 }],
    ['heads', { ...fine, heads: -1 }],
    ['eps', { ...fine, eps: 0 }],
    ['eps', { ...fine, eps: 1 }],
    ['eps', { ...fine, eps: Number.NaN }],
    ['alpha', { ...fine, alpha: 1.9 }],
    ['blocks', { ...fine, blocks: 0 }],
    ['layers', { ...fine, blocks: 1, layers: 0 }],
    ['C', { ...fine, C: 0 }],
    ['d2', { ...fine, d2: 3, blocks: 1 }],
  ])('"%s" is refused', (name, options) => {
    expect(() => bounds(options)).toThrow(RangeError)
    expect(() => bounds(options)).toThrow(`"${name}"`)
  })

  it('a string is a TypeError', () => {
    expect(() => bounds({ d1: '4' as unknown as number, eps: 0.1 })).toThrow(TypeError)
  })
})
