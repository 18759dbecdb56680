import { expect, test } from 'vitest'
import { keptCount } from '../../src/mask/index.js'

test('count - floor((1 - keep) * count), in float64', () => {
  expect(keptCount(10, 0.3)).toBe(3)
  expect(keptCount(11, 0.3)).toBe(4)
  expect(keptCount(7, 1)).toBe(7)
  expect(keptCount(524_288, 0.3)).toBe(524_288 - 367_001)
  // (1 - 0.9) * 10 is 0.9999999999999998 in float64: all ten are kept.
  expect(keptCount(10, 0.9)).toBe(10)
})

test('at least one is kept', () => {
  expect(keptCount(1, 0.001)).toBe(1)
  expect(keptCount(1000, 1e-300)).toBe(1)
})

test('a fraction outside (0, 1] is refused', () => {
  expect(() => keptCount(10, 3)).toThrow(new RangeError('"keep" expected 0 < keep <= 1, got 3'))
  for (const keep of [0, -0.1, 1.0001, Number.NaN]) expect(() => keptCount(10, keep)).toThrow(RangeError)
  expect(() => keptCount(10, '0.3' as unknown as number)).toThrow(TypeError)
  for (const count of [0, 1.5, -1]) expect(() => keptCount(count, 0.3)).toThrow(RangeError)
})
