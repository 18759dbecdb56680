/**
 * A thread that waits for signals, started by signal-thread.ts. Node hands signals to the main thread's event loop, and one call of ONNX Runtime
 * on a large model keeps that from turning for many seconds. This thread hears them meanwhile, asks the main thread to stop, and
 * ends the process when that has not come of it in time.
 *
 * Node documents no signals in worker threads. What it makes them of, libuv's handles, it has in every thread, and shows
 * them to one that is started with `--expose-internals`, which is meant for its own tests (Node 20 to 24 and later; `process.binding` ended
 * with 22). Where they are gone, this thread says that it is deaf, and the main thread listens.
 */
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

/** What is to be written should the process be ended here, or `idle`: there is nothing to stop, a signal ends the process. */
export type WatchOrder = LastWords | 'idle'

/** What is written when the main thread can no longer do it. */
export interface LastWords {
  readonly stderr: string
  readonly stdout: string
  /** Milliseconds for this work, where it needs others than the thread was started with. */
  readonly patience?: number
}

/** First `listening` or `deaf`, then `stop` (the work) and `end` (the process). */
export type WatchNews = 'listening' | 'deaf' | 'stop' | 'end'

/** Milliseconds that the work has for stopping after the first signal, and then the main thread for ending the process. */
const { patience } = workerData as { readonly patience: number }
const LAST_CHANCE = 100

/** A handle of Node's `signal_wrap`. */
interface SignalHandle {
  onsignal(signal: number): void
  start(signal: number): number
  stop(): void
}

const SIGINT = 2
const SIGTERM = 15

const say = (news: WatchNews) => parentPort?.postMessage(news)
let last: WatchOrder = 'idle'
let heard = 0
let timer: NodeJS.Timeout | undefined

type Binding = (name: 'signal_wrap') => { readonly Signal: new () => SignalHandle }

function findBinding(): Binding {
  const { internalBinding } = createRequire(import.meta.url)('internal/test/binding') as { internalBinding: Binding }
  return internalBinding
}

function listen(): SignalHandle[] {
  const { Signal } = findBinding()('signal_wrap')
  return [SIGINT, SIGTERM].map((signal) => {
    const handle = new Signal()
    handle.onsignal = hear
    if (handle.start(signal) !== 0) throw new Error(`signal ${signal} cannot be heard`)
    return handle
  })
}

function hear(): void {
  if (++heard > 2) return
  clearTimeout(timer)
  if (heard === 1 && last !== 'idle') {
    say('stop')
    timer = setTimeout(hear, last.patience ?? patience)
  } else {
    heard = 2
    say('end')
    timer = setTimeout(end, LAST_CHANCE)
  }
}

/** Ends the process as the signal itself would: a shell sees 128 + 2. */
function end(): void {
  if (last !== 'idle') {
    write(2, last.stderr)
    write(1, last.stdout)
  }
  for (const handle of handles) handle.stop() // the last of the process: the system ends it from now on
  process.kill(process.pid, 'SIGINT')
}

function write(file: number, text: string): void {
  try {
    writeSync(file, text)
  } catch {
    // a pipe that is full or closed
  }
}

parentPort?.on('message', (order: WatchOrder) => {
  last = order
  if (order !== 'idle') return
  heard = 0
  clearTimeout(timer)
})

let handles: SignalHandle[] = []
try {
  handles = listen()
  say('listening')
} catch {
  say('deaf')
}
