import { expect, test } from 'vitest'
import { createPace } from '../../src/queue/pace.js'

/** A pace with a clock of its own, in seconds. */
function paceOf(total: number) {
  let seconds = 0
  const pace = createPace(total, () => 1000 * seconds)
  return { ...pace, tick: (by: number) => (seconds += by), left: () => pace.secondsLeft() }
}

test('falls between two ends, by steps and between steps', () => {
  const pace = paceOf(4)
  pace.begin('a')
  pace.begin('b')
  expect(pace.left()).toBeUndefined()
  const told: number[] = []
  for (let step = 1; step <= 50; step++) {
    pace.tick(2)
    for (const id of ['a', 'b']) pace.at(id, { done: step, total: 100 })
    told.push(pace.left()!)
    pace.tick(0.5)
    told.push(pace.left()!)
    pace.tick(-0.5)
  }
  // In 100 s half of two jobs: one job's worth, of four.
  expect(told.at(-2)).toBeCloseTo(300, 6)
  for (const [i, left] of told.entries()) if (i > 0) expect(left).toBeLessThan(told[i - 1])
})

test('at the end it is what the last job has left, not its share of what all did together', () => {
  const pace = paceOf(2)
  pace.begin('a')
  pace.begin('b')
  pace.at('a', { done: 0, total: 100 })
  pace.at('b', { done: 0, total: 100 })
  pace.tick(50)
  pace.end('a')
  pace.at('b', { done: 50, total: 100 })
  expect(pace.left()).toBeCloseTo(50, 6)
})

test('is not misled by what was there before, what an earlier try did, and what fails', () => {
  const pace = paceOf(12)
  for (let i = 0; i < 8; i++) {
    pace.begin(`found ${i}`)
    pace.skip(`found ${i}`)
  }
  expect(pace.left()).toBeUndefined()
  pace.begin('a')
  pace.at('a', { done: 81, total: 100 }) // goes on from step 80
  pace.begin('broken')
  pace.fail('broken')
  pace.tick(10)
  pace.at('a', { done: 90, total: 100 })
  expect(pace.left()).toBeCloseTo(210, 6) // a second a step: 10 of this one, and two jobs of 100
  pace.end('a')
  pace.tick(30)
  pace.begin('b')
  pace.at('b', { done: 1, total: 100 })
  const before = pace.left()!
  pace.tick(before + 1)
  expect(pace.left()).toBeUndefined() // that time has passed
  for (const id of ['b', 'c']) pace.end(id)
  expect(pace.left()).toBe(0)
})
