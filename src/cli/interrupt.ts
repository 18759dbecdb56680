import { type SignalThread, startSignalThread } from '../engine/signal-thread.js'
import type { LastWords } from '../engine/signal-watch.js'
import { failureText, Interrupted, reportFailure } from './failure.js'

/** Signals that ask to stop. A closed terminal (SIGHUP) ends the process as it ever does: `nohup` must be able to keep it from that. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Milliseconds that work has for stopping. A second is not over then: to give back the memory of a large model takes the system some 0.2 s. */
const PATIENCE = 600

/** Tells what the user can do after an interruption from now on. */
export type Advise = (advice: string) => void

/**
 * Runs work that Ctrl-C (or SIGTERM) asks to stop: the signal aborts, the work cleans up and throws. A second one, or work that
 * has not stopped within a second, ends the process at once. That leaves what a crash would: whole files, and what can be resumed.
 * @param advice what the user can do next, said with the interruption
 * @param options.code exit code of work that had to be ended; 0 where a signal is the way to end it
 * @param options.patience milliseconds that the work has for stopping, where it hands something over: processes of its own, jobs of a queue
 */
export async function interruptible<T>(
  work: (signal: AbortSignal, advise: Advise) => Promise<T>,
  advice?: string,
  { code = 130, patience = PATIENCE }: { code?: number; patience?: number } = {},
): Promise<T> {
  const controller = new AbortController()
  let message = ''
  let isInterrupted = false
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    watch.post(nothing) // it is said here
    if (code !== 0) reportFailure(new Interrupted(message))
    process.exit(code)
  }
  const stop = () => {
    if (controller.signal.aborted) return end()
    controller.abort(new Interrupted('interrupted'))
    if (watch.isDeaf) timer = setTimeout(end, patience)
  }
  const watch = await watchSignals()
  const advise = (text: string | undefined) => {
    message = text === undefined ? 'interrupted' : `interrupted; ${text}`
    watch.post({ ...lastWords(message), patience })
  }
  advise(advice)
  hearer = { stop, end }
  if (watch.isDeaf) for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await work(controller.signal, advise)
  } catch (error) {
    if (!isInterruption(error, controller.signal)) throw error // what else failed must be said
    isInterrupted = true
    throw new Interrupted(message)
  } finally {
    clearTimeout(timer)
    if (watch.isDeaf && isInterrupted) setTimeout(() => process.exit(code), PATIENCE).unref()
    watch.post(isInterrupted ? nothing : 'idle') // a process that does not end then is still ended in time
    hearer = idle
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

/** Words of a process that has said all. */
const nothing: LastWords = { stderr: '', stdout: '' }

const isInterruption = (error: unknown, { aborted, reason }: AbortSignal) =>
  aborted && (error === reason || (error instanceof Error && error.name === 'AbortError'))

/** What signals come to while nothing can be interrupted. */
const idle = { stop: () => process.exit(130), end: () => process.exit(130) }
let hearer: { stop(): void; end(): void } = idle

let thread: Promise<SignalThread> | undefined

/** Starts the thread that hears signals, one for the process: best before what a command needs is loaded. */
export function watchSignals(): Promise<SignalThread> {
  thread ??= startSignalThread(PATIENCE, (news) => hearer[news]())
  return thread
}

/** What `reportFailure` would write, and the cursor that a bar has hidden. */
function lastWords(message: string): LastWords {
  const showCursor = process.stderr.isTTY ? '\r\u001b[K\u001b[?25h' : ''
  const { stderr, stdout } = failureText(new Interrupted(message))
  return { stderr: showCursor + stderr, stdout }
}
