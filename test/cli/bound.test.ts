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

test('--rotary adds both constructions for rotary heads, and how many subset sums each solves', () => {
  const args = ['bound', '--d', '288', '--heads', '6', '--eps', '0.01']
  const { bounds, rotary } = JSON.parse(slt(...args, '--rotary', '--json').stdout)
  expect(
    bounds.map((bound: { statement: string; quantity: string }) => `${bound.statement}: ${bound.quantity}`),
  ).toEqual(['Lemma 7: n', 'Theorem 9: n_K', 'Theorem 9, rotary: n_K', 'Theorem 9, factored: n_F', 'Theorem 9: n_V'])
  expect(rotary).toEqual({
    keyWidth: 48,
    scoreSums: { plain: 288 ** 2, rotary: 48 * 288 ** 2, factored: 2 * 48 * 288 },
  })
  expect(JSON.parse(slt(...args, '--json').stdout).rotary).toBeNull()
  const { stdout } = slt(...args, '--rotary', '--key-width', '64')
  expect(stdout).toContain('rotary 5,308,416, factored 36,864 (d_K = 64)')
  const bad = [
    [['--key-width', '48'], '"key-width" expected --rotary beside it, got 48 alone'],
    [['--rotary', '--key-width', '5'], '"key-width" expected an even number, got 5'],
    [['--rotary', '--heads', '7'], '"key-width" expected a value, since d / heads = 41.1 is no even number, got none'],
  ] as const
  for (const [more, message] of bad) {
    const { code, stderr } = slt(...args, ...more)
    expect([code === 0, stderr]).toEqual([false, `slt: ${message}\n`])
  }
})
