import { expect, test } from 'vitest'
import { Interrupted } from '../../src/cli/failure.js'
import { interruptible } from '../../src/cli/interrupt.js'

/** What comes of work that is interrupted and then fails so. */
const failing = (fail: (signal: AbortSignal) => unknown) =>
  interruptible(async (signal) => {
    process.emit('SIGINT')
    expect(signal.aborted).toBe(true)
    throw fail(signal)
  }, 'the same command goes on').catch((error: unknown) => error)

test('the reason of the signal, and an AbortError, become an interruption with advice', async () => {
  for (const fail of [({ reason }: AbortSignal) => reason, () => new DOMException('aborted', 'AbortError')]) {
    const error = await failing(fail)
    expect(error).toBeInstanceOf(Interrupted)
    expect((error as Error).message).toBe('interrupted; the same command goes on')
  }
})

test('what else fails after Ctrl-C is said as it is', async () => {
  const full = new Error('checkpoint.safetensors: no space left on device')
  expect(await failing(() => full)).toBe(full)
})
