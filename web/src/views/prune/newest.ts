import { isAbort } from '../../failure.js'

/** Longer than this, work for an older request is not waited for. */
const PATIENCE = 150 // ms

/**
 * Runs the newest request, one at a time: while a slider moves, what was begun is finished, so that the picture follows, and then the
 * latest value is next; what was asked in between is left out. Work that has already taken long is ended instead.
 *
 * @param run starts the work; an AbortError of it is no failure
 * @param fail is told any other
 */
export function createNewest<T>(
  run: (request: T, signal: AbortSignal) => Promise<void>,
  fail: (error: unknown) => void,
) {
  let running: { readonly controller: AbortController; readonly since: number } | undefined
  let next: { readonly request: T } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const begin = (request: T) => {
    const controller = new AbortController()
    running = { controller, since: performance.now() }
    run(request, controller.signal)
      .catch((error) => {
        if (!isAbort(error)) fail(error)
      })
      .finally(() => {
        clearTimeout(timer)
        running = undefined
        const following = next
        next = undefined
        if (following) begin(following.request)
      })
  }
  return {
    ask(request: T): void {
      if (!running) {
        begin(request)
        return
      }
      next = { request }
      clearTimeout(timer)
      const { controller, since } = running
      timer = setTimeout(() => controller.abort(), Math.max(0, since + PATIENCE - performance.now()))
    },
    stop(): void {
      next = undefined
      clearTimeout(timer)
      running?.controller.abort()
    },
  }
}
