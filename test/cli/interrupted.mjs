/**
 * Work that a signal interrupts, for interrupt.test.ts: `node interrupted.mjs <how> [deaf]`. Says `working` when it is.
 * prompt: stops when it is asked to. lingering: as well, but something keeps the process from its end. aborting, failing: stops by an error
 * of its own. late: only after many seconds, but lets events in. blocked: lets nothing in. idle: no work.
 */
import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'

const [how, deaf] = process.argv.slice(2)
if (deaf === 'deaf') {
  // A thread for the signals that cannot be started.
  threads.Worker = class extends threads.Worker {
    constructor(_file, options) {
      super(new URL('data:text/javascript,throw new Error("no thread")'), options)
    }
  }
  syncBuiltinESMExports()
}
const { exitCodeOf, reportFailure } = await import('../../dist/cli/failure.js')
const { InputError } = await import('../../dist/safetensors/input-error.js')
const { interruptible, watchSignals } = await import('../../dist/cli/interrupt.js')

const pause = (ms) => new Promise((done) => setTimeout(done, ms))
const ways = {
  async prompt(signal) {
    for (;;) {
      signal.throwIfAborted()
      await pause(5)
    }
  },
  lingering(signal) {
    setInterval(() => {}, 1000)
    return ways.prompt(signal)
  },
  async aborting(signal) {
    await ways.prompt(signal).catch(() => {
      throw new DOMException('aborted', 'AbortError')
    })
  },
  async failing(signal) {
    await ways.prompt(signal).catch(() => {
      throw new InputError('checkpoint.safetensors: no space left on the device')
    })
  },
  late: () => pause(300_000),
  blocked() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300_000)
  },
}
try {
  if (how === 'idle') {
    await watchSignals()
    process.stdout.write('working\n')
    await pause(300_000)
  }
  await interruptible(async (signal, advise) => {
    if (how === 'prompt') advise('the advice of later')
    process.stdout.write('working\n')
    await pause(0)
    await ways[how](signal)
  }, 'an advice')
} catch (error) {
  reportFailure(error)
  process.exitCode = exitCodeOf(error)
}
