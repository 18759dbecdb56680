// What the mask keeps: every rung against sorting.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selections, type TicketOptions } from '../../src/kernels/index.js'
import { keptCount } from '../../src/mask/index.js'
import { bitsOf, flagsOf, oracleMasks, type Rung, rungs } from './ticket-fixture.js'

/** Float32 values that tie often, are signed zeros, subnormal or infinite, or anything but NaN. */
const score = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    2,
    -2,
    1e-45,
    -1e-45,
    1.1754943508222875e-38,
    Infinity,
    -Infinity,
    3.4028234663852886e38,
  ),
  fc.float({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
)
const matrices = fc.array(fc.array(score, { minLength: 1, maxLength: 70 }), { minLength: 1, maxLength: 4 })
const keep = fc.oneof(fc.double({ min: 1e-3, max: 1, noNaN: true }), fc.constantFrom(1e-9, 0.5, 1))

/** Selects from the given scores, with weights that tell index and sign, and checks everything against the oracle. */
function check({ arrays, step }: Rung, scores: readonly (readonly number[])[], options: TicketOptions): void {
  arrays.forEach((matrix, m) => {
    matrix.scores.set(scores[m])
    matrix.weights.forEach((_, i) => {
      matrix.weights[i] = (i % 2 ? -1 : 1) * (i + 1)
    })
    matrix.effective.fill(Number.NaN)
  })
  const before = arrays.map((matrix) => flagsOf(step, matrix))
  step.select()
  const expected = oracleMasks(arrays, options)
  expect(arrays.map((matrix) => flagsOf(step, matrix))).toEqual(expected)
  let flips = 0
  arrays.forEach((matrix, m) => {
    const effective = Float32Array.from(matrix.weights, (weight, i) => (expected[m][i] ? weight : 0))
    expect([...bitsOf(matrix.effective)]).toEqual([...bitsOf(effective)])
    expect(step.kept(matrix.name)).toBe(expected[m].reduce((sum, bit) => sum + bit, 0))
    expect(step.mask(matrix.name).length).toBe(Math.ceil(matrix.scores.length / 8))
    expected[m].forEach((bit, i) => {
      flips += bit ^ before[m][i]
    })
  })
  expect(step.changed()).toBe(flips)
}

describe.each(rungs)('selection in %s', (_, make) => {
  it.each(selections)('%s: equals sorting, twice on the same memory (fast-check, 40 runs)', async (selection) => {
    await fc.assert(
      fc.asyncProperty(matrices, keep, fc.integer({ min: 0, max: 99 }), async (scores, fraction, turn) => {
        const options = { keep: fraction, selection }
        const rung = await make(
          scores.map((row) => row.length),
          options,
        )
        check(rung, scores, options)
        const turned = scores.map((row) => [...row.slice(turn % row.length), ...row.slice(0, turn % row.length)])
        check(rung, turned, options)
      }),
      { seed: 1, numRuns: 40 },
    )
  })

  it.each(selections)('%s: every size from 1 to 70, equal scores of both signs', async (selection) => {
    const options = { keep: 0.4, selection }
    for (let count = 1; count <= 70; count++) {
      const scores = [count, (count % 7) + 1].map((n) => Array.from({ length: n }, (_, i) => (i % 2 ? -0.5 : 0.5)))
      const rung = await make(
        scores.map((row) => row.length),
        options,
      )
      check(rung, scores, options)
    }
  })

  it('keeps one, or all', async () => {
    const scores = [Array.from({ length: 100 }, (_, i) => Math.sin(i))]
    for (const fraction of [1e-9, 1]) {
      const options = { keep: fraction, selection: 'per-layer' as const }
      const rung = await make([100], options)
      check(rung, scores, options)
      expect(rung.step.kept('m0')).toBe(keptCount(100, fraction))
    }
  })

  it('global ties go to the earlier matrix', async () => {
    const { arrays, step } = await make([20, 30, 50], { keep: 0.3, selection: 'global' })
    for (const { scores } of arrays) scores.fill(0.25)
    step.select()
    expect(arrays.map(({ name }) => step.kept(name))).toEqual([20, 10, 0])
  })

  it('refuses NaN, unknown names and bad options', async () => {
    const { arrays, step } = await make([5, 40], { keep: 0.5, selection: 'per-layer' })
    arrays[1].scores[33] = Number.NaN
    expect(() => step.select()).toThrow(new RangeError('"scores" of m1 expected numbers, got NaN at index 33'))
    expect(() => step.mask('m2')).toThrow(RangeError)
    expect(() => step.kept('m2')).toThrow(RangeError)
  })
})
