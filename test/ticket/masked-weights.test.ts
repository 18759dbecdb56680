import { expect, test } from 'vitest'
import { generateWeights } from '../../src/random/index.js'
import { countKept, materialisePair } from '../../src/ticket/index.js'
import { masks, pairs } from './example.js'

test('masks are applied literally to the weights of the seed', () => {
  for (const mask of masks) {
    const { inputs, hidden, outputs } = mask.spec
    const { first, second } = materialisePair(mask.spec, mask, 7, generateWeights)
    const source = (layer: 'first' | 'second', count: number) =>
      generateWeights({ seed: 7, ...mask.spec[layer], count })
    const W1 = source('first', inputs * hidden)
    const W2 = source('second', hidden * outputs)
    expect(first.length).toBe(inputs * hidden)
    expect(second.length).toBe(hidden * outputs)
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < hidden; k++) {
        expect(first[i * hidden + k]).toBe(mask.coordinate[k] === i ? W1[i * hidden + k] : 0)
      }
    }
    for (let at = 0; at < second.length; at++) {
      expect(second[at]).toBe((mask.second[at >> 3] >> (at & 7)) & 1 ? W2[at] : 0)
    }
  }
})

test('each hidden unit sees one input, a dropped one none', () => {
  const { first } = materialisePair(pairs[0], masks[0], 7, generateWeights)
  const inputsOf = (k: number) => [0, 1, 2].filter((i) => first[i * 6 + k] !== 0)
  expect([0, 1, 2, 3, 4, 5].map(inputsOf)).toEqual([[0], [1], [2], [0], [1], []])
  expect(countKept(masks[0])).toEqual({ first: 5, second: 9 })
})

test('masks of another pair are refused', () => {
  expect(() => materialisePair(pairs[0], masks[1], 7, generateWeights)).toThrow('expected 6 units, got 5')
})
