import { describe, expect, it } from 'vitest'
import {
  bounds,
  factoredLogitBound,
  factoredWidth,
  queryKeyWidth,
  rotaryLogitBound,
  rotaryWidth,
  scoreSums,
  softmaxPerturbationBound,
  transformerWidths,
} from '../../src/theory/index.js'

const { LN2 } = Math
const shape = { d1: 4, d2: 4, heads: 2, eps: 1 / 16, alpha: 2 }

describe('widths against hand-computed numbers', () => {
  it('rotary: d_K d1 C log(4 sqrt(2) H d_K alpha^3 d1^(3/2) / eps)', () => {
    // 2^2.5 * 2 * 8 * 8 * 8 * 16 = 2^16.5
    const { bound, width, itemsPerWeight, logArgument } = rotaryWidth(queryKeyWidth(shape, 3), 4, 8, 3)
    expect(logArgument).toBeCloseTo(16.5 * LN2, 12)
    expect(bound).toBeCloseTo(8 * 4 * 3 * 16.5 * LN2, 9)
    expect(width).toBe(8 * 138) // 137.2, and pairs of every frequency alike
    expect(itemsPerWeight).toBe(35) // 34.3
  })

  it('factored: d1 C log(max(18 alpha^3, 4 d_K) H d1 / eps)', () => {
    const wanted = { d1: 4, heads: 2, eps: 1 / 16 }
    const plain = queryKeyWidth(shape)
    // 144 * 2 * 4 * 16 against 4 d_K * 2 * 4 * 16
    const narrow = factoredWidth(plain, { ...wanted, keyWidth: 8 })
    expect(narrow.logArgument).toBeCloseTo(Math.log(144 * 128), 12)
    expect(narrow.width).toBe(40) // 39.3
    const wide = factoredWidth(plain, { ...wanted, keyWidth: 128 })
    expect(wide.logArgument).toBeCloseTo(Math.log(512 * 128), 12)
  })

  it('blocks: 16 sqrt(2) and 72 in the place of 4 sqrt(2) and 18', () => {
    const one = bounds({ d1: 4, heads: 2, eps: 1 / 16, alpha: 2, blocks: 1, keyWidth: 8 })
    const [, , rotary, factored, , , rotary11, factored11] = one
    expect([rotary.statement, rotary11.statement, factored11.quantity]).toEqual([
      'Theorem 9, rotary',
      'Theorem 11, rotary',
      'n_F',
    ])
    expect(rotary11.logArgument - rotary.logArgument).toBeCloseTo(2 * LN2, 12)
    expect(factored11.logArgument - factored.logArgument).toBeCloseTo(2 * LN2, 12)
    const two = bounds({ d1: 4, heads: 2, eps: 1 / 16, alpha: 2, blocks: 2, keyWidth: 8 })
    const [{ attention }] = transformerWidths({ d: 4, heads: 2, layers: 1, blocks: 2, eps: 1 / 16, alpha: 2 })
    const first = two.find(({ quantity }) => quantity === 'n_K(1)')
    expect(first?.logArgument).toBeCloseTo(attention.logArgument + 2.5 * LN2, 12)
    expect(two.find(({ quantity }) => quantity === 'n_F')?.logArgument).toBe(factored.logArgument)
  })
})

describe('the widths keep the promises of the proof', () => {
  const cases = [1, 2, 8, 64].flatMap((d1) =>
    [2, 8, 256].flatMap((keyWidth) => [1, 12].map((heads) => ({ d1, keyWidth, heads }))),
  )

  it.each(cases)('d1 = $d1, d_K = $keyWidth, H = $heads: error and failure each at most eps / 2', (one) => {
    const { d1, keyWidth, heads } = one
    const eps = 0.3
    for (const alpha of [Math.sqrt(d1), 3 * Math.sqrt(d1)]) {
      const plain = queryKeyWidth({ d1, d2: d1, heads, eps, alpha })
      const sums = scoreSums(d1, keyWidth)
      // Lemma 4's n' = C log(1 / g) items miss by more than g with probability g at most.
      const rotary = Math.exp(-rotaryWidth(plain, d1, keyWidth).logArgument)
      const factored = Math.exp(-factoredWidth(plain, { d1, keyWidth, heads, eps }).logArgument)
      for (const [entry, logit, problems] of [
        [rotary, rotaryLogitBound(d1, keyWidth, alpha, rotary), sums.rotary],
        [factored, factoredLogitBound(d1, keyWidth, alpha, factored), sums.factored],
      ]) {
        expect(heads * softmaxPerturbationBound(d1, alpha, logit)).toBeLessThanOrEqual(eps / 2)
        expect(heads * problems * entry).toBeLessThanOrEqual((eps / 2) * (1 + 1e-12))
      }
    }
  })

  it('and do not promise much more than they need to: within a factor of 2.5 where the error decides', () => {
    for (const { d1, keyWidth, heads } of cases.filter((one) => one.keyWidth <= 8 && one.d1 >= 8)) {
      const [alpha, eps] = [Math.sqrt(d1), 0.3]
      const plain = queryKeyWidth({ d1, d2: d1, heads, eps, alpha })
      const entry = Math.exp(-rotaryWidth(plain, d1, keyWidth).logArgument)
      const error = heads * softmaxPerturbationBound(d1, alpha, rotaryLogitBound(d1, keyWidth, alpha, entry))
      expect(error).toBeGreaterThan(eps / 5)
    }
  })
})

describe('bad arguments', () => {
  const plain = queryKeyWidth(shape)
  it.each([
    ['keyWidth', () => rotaryWidth(plain, 4, 3)],
    ['keyWidth', () => bounds({ d1: 4, eps: 0.1, keyWidth: 0 })],
    ['C', () => rotaryWidth(plain, 4, 2, 0)],
    ['heads', () => factoredWidth(plain, { d1: 4, keyWidth: 2, heads: 0, eps: 0.1 })],
    ['eps', () => factoredWidth(plain, { d1: 4, keyWidth: 2, heads: 1, eps: 1 })],
    ['d1', () => scoreSums(0, 2)],
    ['entryError', () => rotaryLogitBound(2, 2, 2, -1)],
    ['entryError', () => factoredLogitBound(2, 2, 2, Number.NaN)],
  ])('"%s" is refused', (name, call) => {
    expect(call).toThrow(RangeError)
    expect(call).toThrow(`"${name}"`)
  })
})
