import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleToken } from '../../src/families/sampling.js'
import { fillWords } from '../../src/random/index.js'

const DRAWS = 20_000
const words = new Uint32Array(DRAWS)
fillWords(11, 2 ** 47 + 1, 0, words)

/** Pearson's statistic of many draws against probabilities; a token of probability 0 must not be drawn at all. */
function chiSquare(logits: Float32Array, sampling: { temperature: number; topK?: number }, expected: number[]): number {
  const counts = new Array<number>(logits.length).fill(0)
  for (const word of words) counts[sampleToken(logits, sampling, word)]++
  for (const [token, p] of expected.entries()) if (p === 0) expect(counts[token]).toBe(0)
  return expected.reduce((sum, p, i) => (p === 0 ? sum : sum + (counts[i] - DRAWS * p) ** 2 / (DRAWS * p)), 0)
}

const normalised = (weights: number[]) => weights.map((weight) => weight / weights.reduce((a, b) => a + b))
const logits = Float32Array.of(1, -0.5, 2, 0, 2, -3, 1.5, 0.25)

test('frequencies are softmax(logits / temperature): chi-square below the 99.9 % point, 24.3 at 7 degrees', () => {
  for (const temperature of [0.5, 1, 2]) {
    const expected = normalised([...logits].map((logit) => Math.exp(logit / temperature)))
    expect(chiSquare(logits, { temperature }, expected)).toBeLessThan(24.3)
    const wrong = normalised([...logits].map((logit) => Math.exp(logit / (temperature * 1.1))))
    expect(chiSquare(logits, { temperature }, wrong)).toBeGreaterThan(24.3)
  }
})

test('with top-k the rest is never drawn, of equal logits the lower tokens stay (13.8 at 2 degrees)', () => {
  const e = Math.exp
  expect(chiSquare(logits, { temperature: 1, topK: 3 }, normalised([0, 0, e(2), 0, e(2), 0, e(1.5), 0]))).toBeLessThan(
    13.8,
  )
  const flat = Float32Array.of(0, 1, 1, 1, 1)
  expect(chiSquare(flat, { temperature: 1, topK: 2 }, [0, 0.5, 0.5, 0, 0])).toBeLessThan(10.8)
  const above = Float32Array.of(0, 1, 3, 1, 1)
  expect([0, 2 ** 32 - 1].map((word) => sampleToken(above, { temperature: 1, topK: 2 }, word))).toEqual([1, 2])
  expect([0, 2 ** 32 - 1].map((word) => sampleToken(above, { temperature: 1, topK: 4 }, word))).toEqual([1, 4])
})

test('the token is the first whose cumulative probability exceeds word / 2^32', () => {
  const equal = Float32Array.of(0, 0, 0, 0)
  const draw = (word: number) => sampleToken(equal, { temperature: 1 }, word)
  expect([0, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 3 * 2 ** 30, 2 ** 32 - 1].map(draw)).toEqual([0, 0, 1, 2, 3, 3])
})

test('temperature 0 and top-k 1 take the largest logit, the first of equals (-0 and 0 are equal)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      fc.nat(),
      (values, word) => {
        const array = Float32Array.from(values)
        const best = array.indexOf(array.reduce((a, b) => Math.max(a, b)))
        expect(sampleToken(array, { temperature: 0 }, word)).toBe(best)
        expect(sampleToken(array, { temperature: 5, topK: 1 }, word)).toBe(best)
        expect(array[sampleToken(array, { temperature: 1e-300 }, word)]).toBe(array[best])
      },
    ),
    { seed: 3 },
  )
})

test('values out of range are refused', () => {
  const draw = (sampling: { temperature: number; topK?: number }, array = logits) => sampleToken(array, sampling, 0)
  expect(() => draw({ temperature: -0.1 })).toThrow('"temperature" expected a finite number >= 0, got -0.1')
  expect(() => draw({ temperature: Number.POSITIVE_INFINITY })).toThrow('"temperature"')
  expect(() => draw({ temperature: Number.NaN })).toThrow('"temperature"')
  expect(() => draw({ temperature: 1, topK: 0 })).toThrow('"top-k" expected an integer >= 1, got 0')
  expect(() => draw({ temperature: 1 }, Float32Array.of(0, Number.NaN))).toThrow(
    '"logits" expected finite numbers, got NaN',
  )
  expect(draw({ temperature: 1, topK: 100 })).toBe(0)
})
