import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { MetricsRow } from '../../src/search/metrics.js'
import { corpusOfBytes, frequencyLoss, shortage } from '../../web/src/views/search/corpus-bytes.js'
import { createGate } from '../../web/src/views/search/gate.js'
import { createHistory, pointWidth } from '../../web/src/views/search/history.js'

describe('the gate between two steps', () => {
  const never = new AbortController().signal

  test('what is asked waits for the loop to come by, one thing after the other, and then for no loop', async () => {
    const gate = createGate()
    const done: string[] = []
    const work = (name: string) => async () => {
      done.push(`${name} begins`)
      await Promise.resolve()
      done.push(`${name} ends`)
      return name
    }
    gate.enter()
    const asked = [gate.ask(work('a')), gate.ask(work('b'))]
    await Promise.resolve()
    expect(done).toEqual([])
    await gate.pass(never)
    expect(await Promise.all(asked)).toEqual(['a', 'b'])
    expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
    const late = gate.ask(work('c'))
    gate.leave()
    expect(await Promise.all([late, gate.ask(work('d'))])).toEqual(['c', 'd'])
    expect(done.slice(4)).toEqual(['c begins', 'c ends', 'd begins', 'd ends'])
  })

  test('held, it lets through what is asked but not the loop; the wait is counted, and an abort ends it', async () => {
    let clock = 0
    const gate = createGate(() => clock)
    gate.enter()
    await gate.pass(never)
    expect(gate.spent()).toBe(0)
    gate.hold()
    let passed = false
    const passing = gate.pass(never).then(() => {
      passed = true
    })
    expect(await gate.ask(async () => 7)).toBe(7)
    expect(passed).toBe(false)
    clock = 40
    gate.proceed()
    await passing
    expect(gate.spent()).toBe(40)

    gate.hold()
    const stopping = new AbortController()
    const stopped = gate.pass(stopping.signal)
    stopping.abort()
    await stopped
  })

  test('what fails is told to who asked, and nobody else', async () => {
    const gate = createGate()
    gate.enter()
    const wrong = gate.ask(() => Promise.reject(new Error('no')))
    const right = gate.ask(async () => 1)
    const told = expect(wrong).rejects.toThrow('no')
    await gate.pass(never)
    await told
    expect(await right).toBe(1)
  })
})

describe('a text as a corpus', () => {
  test('split and hashed as slt search does a file', () => {
    const bytes = Uint8Array.from({ length: 1005 }, (_, i) => i % 251)
    const corpus = corpusOfBytes({ name: 'x', bytes }, 32)
    expect([corpus.train.length, corpus.valid.length]).toEqual([905, 100])
    expect([...corpus.train, ...corpus.valid]).toEqual([...bytes])
    expect(corpus.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('too short for a window: says what it has and what it needs, which then suffices', () => {
    const of = (length: number) => corpusOfBytes({ name: 'x', bytes: new Uint8Array(length) }, 32)
    expect(() => of(329)).toThrow('The text has 329 bytes; a context of 32 needs at least 330')
    expect(of(330).valid.length).toBe(33)
    expect(shortage(1, 128)).toBe('The text has 1 byte; a context of 128 needs at least 1,290')
    expect([shortage(1289, 128) === undefined, shortage(1290, 128)]).toEqual([false, undefined])
  })

  test('the loss of byte frequencies, by hand', () => {
    // counts a 3 + 1, b 1 + 1 of 4 + 256; the text to predict is "ab"
    const loss = frequencyLoss({ train: Uint16Array.of(97, 97, 97, 98), valid: Uint16Array.of(97, 98) })
    expect(loss).toBeCloseTo(-(Math.log(4 / 260) + Math.log(2 / 260)) / 2, 12)
  })
})

test('a history: means of so many steps at the last of them, validations where they were, the speed over equal steps', () => {
  const history = createHistory()
  const row = (step: number, loss: number, more: Partial<MetricsRow> = {}): MetricsRow => {
    return { step, loss, learningRate: 0, tokens: 0, seconds: 0, tokensPerSecond: 100, flipped: step, ...more }
  }
  expect(history.speed()).toBe(0)
  history.add([row(1, 5), row(2, 3, { validLoss: 4.5 })])
  history.add([row(3, 2, { tokensPerSecond: 50 })])
  expect(history.steps).toBe(3)
  expect(history.loss(2)).toEqual({ x: [2, 3], y: [4, 2] })
  expect(history.flips(3)).toEqual({ x: [3], y: [2] })
  expect(history.valid).toEqual({ x: [2], y: [4.5] })
  expect(history.speed()).toBeCloseTo(75, 10) // 3 steps in 1 + 1 + 2 units of time
  expect([pointWidth(250, 250), pointWidth(251, 250), pointWidth(20_000, 250)]).toEqual([1, 2, 128])
})
