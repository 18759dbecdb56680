import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateItems, type ItemsChoice } from '../../src/prune/allocate-items.js'

const bitsOf = (pairs: readonly ItemsChoice[], items: ReadonlyMap<string, number>) =>
  pairs.reduce((sum, { name, bits }) => sum + bits * items.get(name)!, 0)
const lawOf = (pairs: readonly ItemsChoice[], items: ReadonlyMap<string, number>) =>
  pairs.reduce((sum, { name, divergence, ...pair }) => sum + divergence * 4 ** (pair.items - items.get(name)!), 0)

test('where one matrix costs 16 times as much as an equal one, it gets two items more', () => {
  const pairs = [
    { name: 'a', items: 12, divergence: 1.6e-4, bits: 100 },
    { name: 'b', items: 12, divergence: 1e-5, bits: 100 },
  ]
  const { items, expected } = allocateItems(pairs, 2.1e-5, 28)
  expect(Object.fromEntries(items)).toEqual({ a: 14, b: 12 })
  expect(expected).toBeCloseTo(2e-5, 12)
})

test('a matrix of 4 times as many bits gets an item less', () => {
  const pairs = [
    { name: 'a', items: 12, divergence: 1e-5, bits: 100 },
    { name: 'b', items: 12, divergence: 1e-5, bits: 400 },
  ]
  expect(Object.fromEntries(allocateItems(pairs, 5.1e-5, 28).items)).toEqual({ a: 12, b: 11 })
})

test('the target is met by the law, with no more bits than one number for all, beyond one item of the largest matrix', () => {
  const pair = fc.record({
    divergence: fc.double({ min: 1e-7, max: 1e-4, noNaN: true }),
    bits: fc.integer({ min: 50, max: 5000 }),
  })
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 12 }), fc.integer({ min: -3, max: 3 }), (found, change) => {
      const pairs = found.map((one, i) => ({ name: `p${i}`, items: 12, ...one }))
      const alike = new Map(pairs.map(({ name }) => [name, 12 + change]))
      const target = lawOf(pairs, alike) * (1 + 1e-9)
      const { items, expected } = allocateItems(pairs, target, 28)
      expect(expected).toBeLessThanOrEqual(target)
      expect(lawOf(pairs, items)).toBeCloseTo(expected, 12)
      const largest = Math.max(...pairs.map(({ bits }) => bits))
      expect(bitsOf(pairs, items)).toBeLessThanOrEqual(bitsOf(pairs, alike) + largest)
    }),
  )
})

test('what no number of items reaches is told by what is expected', () => {
  const { items, expected } = allocateItems([{ name: 'a', items: 26, divergence: 1e-3, bits: 1 }], 1e-9, 28)
  expect([items.get('a'), expected]).toEqual([28, 1e-3 / 16])
})
