import { expect, test } from 'vitest'
import { itemsToTry } from '../../src/prune/items-to-try.js'

const check = (name: string, value: number, limit: number, passed = false) => ({
  name,
  value,
  limit,
  passed,
  detail: '',
})

test('an item halves an error, and a divergence falls with its square', () => {
  expect(itemsToTry(8, [check('divergence', 0.64, 0.01)])).toBe(11)
  expect(itemsToTry(8, [check('embeddings', 0.0101, 0.01)])).toBe(9)
  expect(itemsToTry(8, [check('greedy tokens', 0.2, 0.95)])).toBe(12) // 80 % change, 5 % may
})

test('the check that asks for most counts; passed ones ask for nothing', () => {
  expect(itemsToTry(8, [check('divergence', 0.04, 0.01), check('greedy tokens', 0.2, 0.95)])).toBe(12)
  expect(itemsToTry(8, [check('divergence', 0.04, 0.01, true)])).toBeUndefined()
  expect(itemsToTry(8, [])).toBeUndefined()
})

test('values that are not finite, a limit of nothing and the most items', () => {
  expect(itemsToTry(8, [check('divergence', Number.NaN, 0.01)])).toBe(16)
  expect(itemsToTry(8, [check('greedy tokens', 0.5, 1)])).toBe(16)
  expect(itemsToTry(254, [check('divergence', 100, 0.01)])).toBe(256)
  expect(itemsToTry(256, [check('divergence', 100, 0.01)])).toBeUndefined()
})
