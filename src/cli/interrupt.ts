import { Interrupted } from './failure.js'

/**
 * Runs work that Ctrl-C (or SIGTERM) asks to stop: the signal aborts, the work cleans up and throws. A second Ctrl-C
 * ends the process at once, which leaves no broken file either.
 * @param advice what the user can do next, said with the interruption
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  advice?: string | (() => string),
): Promise<T> {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Interrupted('interrupted'))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!isInterruption(error, controller.signal)) throw error // what else failed must be said
    const said = typeof advice === 'function' ? advice() : advice
    const message = said === undefined ? 'interrupted' : `interrupted; ${said}`
    throw new Interrupted(message)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

const isInterruption = (error: unknown, { aborted, reason }: AbortSignal) =>
  aborted && (error === reason || (error instanceof Error && error.name === 'AbortError'))
