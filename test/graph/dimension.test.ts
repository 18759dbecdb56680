import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Dimension,
  differenceOf,
  dimension,
  isNeverNegative,
  numberFor,
  productOf,
  quotientOf,
  sumOf,
} from '../../src/graph/dimension.js'

test.each<[string, Dimension, Dimension]>([
  ['a name', 'batch', 'batch'],
  ['a sum in any order', ' sequence+past ', 'past + sequence'],
  ['numbers last', '3 + b + 2 * a * 4', '8 * a + b + 3'],
  ['equal products together', 'b * a - a + a * b', '-a + 2 * a * b'],
  ['what cancels', 'a - a', 0],
  ['a number that a text hides', '2 * 3', 6],
  ['a negative number', 'a - 2 * 5', 'a - 10'],
  ['digits and underscores', 'past_2', 'past_2'],
])('%s has one form', (_name, text, form) => {
  expect(dimension('"shape"', text)).toBe(form)
})

test.each<[Dimension]>([
  [''],
  ['a b'],
  ['a + '],
  ['(a + b) * c'],
  ['2a'],
  ['a / b'],
  ['a.b'],
  [-1],
  [0.5],
  [Number.NaN],
])('%j is no length', (length) => {
  const message = `"shape" expected an integer >= 0 or names, such as batch or a + b, got ${length}`
  expect(() => dimension('"shape"', length)).toThrow(new RangeError(message))
})

/** Polynomials of three names, as texts in no particular form. */
const name = fc.constantFrom('a', 'b', 'c')
const factor = fc.oneof(name, fc.nat(4).map(String))
const product = fc.array(factor, { minLength: 1, maxLength: 3 }).map((factors) => factors.join('*'))
const length = fc.oneof(
  fc.nat(5),
  fc.array(product, { minLength: 1, maxLength: 3 }).map((terms) => dimension('test', terms.join(' + '))),
)
const numbers: Record<string, number> = { a: 3, b: 7, c: 11 }
const value = (each: Dimension) => numberFor(each, (name) => numbers[name])!

describe('arithmetic on lengths is arithmetic on what their names stand for', () => {
  test('sums, differences and products', () => {
    fc.assert(
      fc.property(length, length, (a, b) => {
        expect(value(sumOf(a, b))).toBe(value(a) + value(b))
        expect(value(differenceOf(a, b))).toBe(value(a) - value(b))
        expect(value(productOf(a, b))).toBe(value(a) * value(b))
      }),
      { seed: 1 },
    )
  })

  test('equal lengths are equal texts', () => {
    fc.assert(
      fc.property(length, length, length, (a, b, c) => {
        expect(sumOf(a, b)).toBe(sumOf(b, a))
        expect(differenceOf(sumOf(a, b), b)).toBe(a)
        expect(productOf(a, sumOf(b, c))).toBe(sumOf(productOf(b, a), productOf(c, a)))
        expect(dimension('test', sumOf(a, b))).toBe(sumOf(a, b))
      }),
      { seed: 1 },
    )
  })

  test('a quotient is what a product was multiplied by', () => {
    fc.assert(
      fc.property(length, product, (a, text) => {
        const b = dimension('test', text)
        expect(quotientOf(productOf(a, b), b)).toBe(b === 0 ? undefined : a)
      }),
      { seed: 1 },
    )
  })
})

test('what does not divide has no quotient', () => {
  expect(quotientOf('a', 'b')).toBeUndefined()
  expect(quotientOf('3 * a', 2)).toBeUndefined()
  expect(quotientOf('a * b + a * c', 'b + c')).toBeUndefined() // it is a, but only products divide
  expect(quotientOf('a + b', 'a + b')).toBe(1)
})

test('a length is never negative where every product is added', () => {
  expect(['a + b', 'a * b + 3', 0].map(isNeverNegative)).toEqual([true, true, true])
  expect(['a - b', 'a - 1'].map(isNeverNegative)).toEqual([false, false])
})

test('a name without a number leaves the length open', () => {
  expect(numberFor('a + d', (name) => numbers[name])).toBeUndefined()
})
