import { expect, test } from 'vitest'
import { slt } from './slt.js'

test('prints what theory says, as a table and as JSON', () => {
  const { code, stdout, stderr } = slt('bound', '--d', '768', '--heads', '12', '--eps', '0.01', '--json')
  expect([code, stderr]).toEqual([0, ''])
  const { bounds, C, calibrated } = JSON.parse(stdout)
  expect([C, calibrated]).toEqual([1, null])
  expect(bounds.map((bound: { statement: string }) => bound.statement)).toEqual(['Lemma 7', 'Theorem 9', 'Theorem 9'])
  // n >= d1 log(d1 d2 / eps)
  expect(bounds[0].width).toBe(Math.ceil(768 * Math.log((768 * 768) / 0.01)))
  expect(slt('bound', '--d', '768', '--heads', '12', '--eps', '0.01').stdout).toContain('13,742')
})

test('--calibrate adds an empirical C and says that it is one', () => {
  const args = ['bound', '--d', '8', '--eps', '0.1', '--blocks', '1', '--calibrate', '--seed', '3']
  const { C } = JSON.parse(slt(...args, '--json').stdout).calibrated
  expect(C).toBeGreaterThan(1)
  expect(C).toBeLessThan(10)
  const { stdout } = slt(...args)
  expect(stdout).toContain(`C = ${C.toFixed(3)} is empirical`)
  expect(stdout).toContain('It is no proof')
})
