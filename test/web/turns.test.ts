import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../web/src/views/run/turns.js'

test('one at a time, in order, whatever each takes', async () => {
  const inTurn = createTurns()
  const seen: string[] = []
  const work = (name: string, waits: number) => async () => {
    seen.push(`${name} begins`)
    for (let i = 0; i < waits; i++) await turn()
    seen.push(`${name} ends`)
    return name
  }
  const ends = await Promise.all([inTurn(work('a', 9)), inTurn(work('b', 0)), inTurn(work('c', 3))])
  expect(ends).toEqual(['a', 'b', 'c'])
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('what fails does not hold up what comes after', async () => {
  const inTurn = createTurns()
  const failed = inTurn(() => Promise.reject(new Error('no')))
  const next = inTurn(async () => 'next')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('next')
})

test('what is cancelled before its turn is not begun', async () => {
  const inTurn = createTurns()
  const controller = new AbortController()
  let isBegun = false
  const first = inTurn(() => turn())
  const second = inTurn(async () => {
    isBegun = true
  }, controller.signal)
  controller.abort()
  await first
  await expect(second).rejects.toMatchObject({ name: 'AbortError' })
  expect(isBegun).toBe(false)
})
