import { expect, test } from 'vitest'
import { LEAST_SCALE, planSource, productRange, sourceScale } from '../../src/prune/pair-source.js'

const auto = (largest: number, method: 'balanced' | 'plain' = 'plain') =>
  sourceScale(largest, { items: 16, scale: 'auto', method })

test('the automatic scale is the least power of two that is no less than the largest entry, to the last bit', () => {
  expect([0.5, 0.3, 0.51, 1024, 1].map((largest) => auto(largest))).toEqual([0.5, 0.5, 1, 1024, 1])
  expect(auto(1024 * (1 + 2 ** -52))).toBe(2048)
  expect(auto(0.3, 'balanced')).toBe(0.25)
  expect(auto(0)).toBe(2 ** -24)
})

test('however small the target, no random weight underflows in float32', () => {
  expect(auto(1e-80)).toBe(LEAST_SCALE)
  const size = { name: 'h.0.attn.0.qk', inputs: 3, outputs: 3, largest: 1e-80, queries: 1 }
  const spec = planSource(size, 0, { items: 16, scale: 'auto', method: 'balanced' })
  expect(productRange(spec)).toBeCloseTo(LEAST_SCALE / 2, 40)
  expect(Math.fround(2 ** -24 * (LEAST_SCALE / 2))).toBeGreaterThan(0)
})
