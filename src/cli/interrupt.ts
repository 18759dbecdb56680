import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { builtFile } from '../runtime/node.js'
import { failureText, Interrupted, reportFailure } from './failure.js'
import type { LastWords, WatchNews, WatchOrder } from './signal-watch.js'

/** Signals that ask to stop. A closed terminal (SIGHUP) ends the process as it ever does: `nohup` must be able to keep it from that. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Milliseconds that work has for stopping. With what the end takes it stays below a second. */
const PATIENCE = 750

/** Tells what the user can do after an interruption from now on. */
export type Advise = (advice: string) => void

/**
 * Runs work that Ctrl-C (or SIGTERM) asks to stop: the signal aborts, the work cleans up and throws. A second one, or work that
 * has not stopped within a second, ends the process at once. That leaves what a crash would: whole files, and what can be resumed.
 * @param advice what the user can do next, said with the interruption
 * @param options.code exit code of work that had to be ended; 0 where a signal is the way to end it
 */
export async function interruptible<T>(
  work: (signal: AbortSignal, advise: Advise) => Promise<T>,
  advice?: string,
  { code = 130 }: { code?: number } = {},
): Promise<T> {
  const controller = new AbortController()
  let message = ''
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    watch.post({ stderr: '', stdout: '' }) // it is said here
    if (code !== 0) reportFailure(new Interrupted(message))
    process.exit(code)
  }
  const stop = () => {
    if (controller.signal.aborted) return end()
    controller.abort(new Interrupted('interrupted'))
    if (watch.isDeaf) timer = setTimeout(end, PATIENCE)
  }
  const watch = await watchSignals()
  const advise = (text: string | undefined) => {
    message = text === undefined ? 'interrupted' : `interrupted; ${text}`
    watch.post(lastWords(message))
  }
  advise(advice)
  hearer = { stop, end }
  if (watch.isDeaf) for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await work(controller.signal, advise)
  } catch (error) {
    if (!isInterruption(error, controller.signal)) throw error // what else failed must be said
    throw new Interrupted(message)
  } finally {
    clearTimeout(timer)
    watch.post('idle')
    hearer = idle
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

const isInterruption = (error: unknown, { aborted, reason }: AbortSignal) =>
  aborted && (error === reason || (error instanceof Error && error.name === 'AbortError'))

/** What signals come to while nothing can be interrupted. */
const idle = { stop: () => process.exit(130), end: () => process.exit(130) }
let hearer: { stop(): void; end(): void } = idle

interface Watch {
  /** Signals come to this thread alone. */
  readonly isDeaf: boolean
  post(order: WatchOrder): void
}

let watch: Promise<Watch> | undefined

/**
 * Starts the thread of signal-watch.ts, one for the process. It takes 30 ms beside what else is loaded; signals end the process
 * at once until then.
 */
export function watchSignals(): Promise<Watch> {
  watch ??= new Promise((resolve) => {
    const options = { execArgv: [], workerData: { patience: PATIENCE } }
    const thread = new Worker(fileURLToPath(builtFile('cli/signal-watch.js')), options)
    const begin = (isDeaf: boolean) => {
      thread.unref()
      resolve({ isDeaf, post: (order) => thread.postMessage(order) })
    }
    thread.on('message', (news: WatchNews) => {
      if (news === 'stop' || news === 'end') hearer[news]()
      else begin(news === 'deaf')
    })
    thread.on('error', () => begin(true)) // it cannot be started: no memory, or too many threads
  })
  return watch
}

/** What `reportFailure` would write, and the cursor that a bar has hidden. */
function lastWords(message: string): LastWords {
  const showCursor = process.stderr.isTTY ? '\r\u001b[K\u001b[?25h' : ''
  const { stderr, stdout } = failureText(new Interrupted(message))
  return { stderr: showCursor + stderr, stdout }
}
