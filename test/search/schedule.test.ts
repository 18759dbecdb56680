import fc from 'fast-check'
import { expect, test } from 'vitest'
import { learningRateAt } from '../../src/search/schedule.js'

const paper = { schedule: 'cosine', learningRate: 1e-4, finalLearningRate: 1e-5, warmUp: 227, steps: 50 * 227 } as const

test('the paper’s schedule: linear over the first epoch, then half a cosine from 1e-4 to 1e-5', () => {
  expect(learningRateAt(paper, 1)).toBeCloseTo(1e-4 / 227, 12)
  expect(learningRateAt(paper, 227)).toBe(1e-4)
  expect(learningRateAt(paper, 227 + (49 * 227 - 1) / 2)).toBeCloseTo(5.5e-5, 7)
  expect(learningRateAt(paper, 50 * 227)).toBeCloseTo(1e-5, 15)
})

test('without a warm-up the first step is nearly at the top; constant stays there', () => {
  expect(learningRateAt({ ...paper, warmUp: 0 }, 1)).toBeCloseTo(1e-4, 10)
  expect(learningRateAt({ ...paper, schedule: 'constant' }, 50 * 227)).toBe(1e-4)
  expect(learningRateAt({ ...paper, warmUp: 0, steps: 1 }, 1)).toBeCloseTo(1e-5, 15)
})

test('linear falls in a straight line; warm-up-stable-decay is constant but for its last fifth', () => {
  const [linear, stable] = (['linear', 'warm-up-stable-decay'] as const).map((schedule) => {
    const settings = { ...paper, schedule, warmUp: 10, steps: 110 }
    return (step: number) => learningRateAt(settings, step)
  })
  expect([linear(5), linear(10), linear(60), linear(110)]).toEqual([0.5e-4, 1e-4, expect.closeTo(5.5e-5, 12), 1e-5])
  expect([stable(5), stable(10), stable(89)]).toEqual([0.5e-4, 1e-4, 1e-4])
  expect([stable(100), stable(110)]).toEqual([expect.closeTo(5.5e-5, 12), 1e-5])
})

test('it rises, then falls, and stays within its bounds', () => {
  const schedules = fc
    .record({ steps: fc.integer({ min: 2, max: 500 }), warm: fc.double({ min: 0, max: 0.99, noNaN: true }) })
    .map(({ steps, warm }) => ({ ...paper, steps, warmUp: Math.floor(warm * steps) }))
  fc.assert(
    fc.property(schedules, (schedule) => {
      for (let step = 1; step <= schedule.steps; step++) {
        const rate = learningRateAt(schedule, step)
        expect(rate).toBeGreaterThan(0)
        expect(rate).toBeLessThanOrEqual(schedule.learningRate * (1 + 1e-15))
        if (step === 1) continue
        const before = learningRateAt(schedule, step - 1)
        if (step <= schedule.warmUp) expect(rate).toBeGreaterThan(before)
        else if (step > schedule.warmUp + 1) expect(rate).toBeLessThan(before)
      }
    }),
    { numRuns: 30 },
  )
})
