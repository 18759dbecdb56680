/** The page's side of a worker: calls with progress and cancellation, and errors that can be shown. */
import { proxy, type Remote, releaseProxy, transfer, wrap } from 'comlink'
import { isAbort, plainSentence } from './failure.js'
import type { TaskContext, TaskHost, Tasks } from './worker-task.js'

type InputOf<T> = T extends (input: infer I, ...rest: never[]) => unknown ? I : never
type ReportOf<T> = T extends (input: never, context: TaskContext<infer R>) => unknown ? R : never
type AnswerOf<T> = T extends (...parameters: never[]) => infer A ? Awaited<A> : never

/** How a task is called. */
export interface CallOptions<Report> {
  /** Ends the call at once with an AbortError; the worker is told, and stops at its next pause. */
  readonly signal?: AbortSignal | undefined
  onReport?(report: Report): void
  /** Buffers of the input to move instead of copying. */
  readonly move?: readonly Transferable[] | undefined
}

/** A worker that is started at its first call. */
export interface WorkerClient<T extends Tasks> {
  /**
   * @returns the task's answer
   * @throws Error whose message is a plain sentence; an AbortError when it was cancelled or replaced
   */
  call<N extends keyof T & string>(
    name: N,
    input: InputOf<T[N]>,
    options?: CallOptions<ReportOf<T[N]>>,
  ): Promise<AnswerOf<T[N]>>
  /** The same, ending the earlier call of this name that is still under way: for sliders. */
  latest<N extends keyof T & string>(
    name: N,
    input: InputOf<T[N]>,
    options?: CallOptions<ReportOf<T[N]>>,
  ): Promise<AnswerOf<T[N]>>
  /** Ends the worker and what it does, whether it listens or not; calls under way end with an AbortError. The next call starts a fresh one. */
  stop(): void
}

interface Running {
  readonly host: Remote<TaskHost>
  end(error: Error): void
}

const DEAD =
  'The part of the page that computes has ended before its work was done, perhaps for want of memory: try something smaller.'

const aborted = () => new DOMException('Stopped.', 'AbortError')

/**
 * @param start makes the worker; Vite finds it by its literal form
 *   `() => new Worker(new URL('./prune-worker.ts', import.meta.url), { type: 'module' })`
 */
export function createWorkerClient<T extends Tasks>(start: () => Worker): WorkerClient<T> {
  let running: Running | undefined
  const pending = new Set<(error: Error) => void>()
  const latest = new Map<string, AbortController>()
  let calls = 0

  const begin = (): Running => {
    const worker = start()
    const host = wrap<TaskHost>(worker)
    const over = new AbortController()
    const end = (error: Error) => {
      if (over.signal.aborted) return
      over.abort()
      if (running?.host === host) running = undefined
      worker.terminate()
      host[releaseProxy]()
      for (const reject of [...pending]) reject(error)
    }
    worker.onerror = (event) => {
      event.preventDefault()
      end(
        new Error(
          event.message ? plainSentence(event.message) : 'The part of the page that computes could not be loaded.',
        ),
      )
    }
    // No event tells that a worker has ended, for want of memory say. Its lock is free then.
    void host.life().then(async (name) => {
      if (name === undefined || over.signal.aborted) return
      await navigator.locks.request(name, { signal: over.signal }, () => end(new Error(DEAD))).catch(() => {}) // it was ended here
    })
    return { host, end }
  }

  const call: WorkerClient<T>['call'] = (name, input, { signal, onReport, move } = {}) => {
    if (signal?.aborted) return Promise.reject(aborted())
    running ??= begin()
    const { host } = running
    const id = calls++
    return new Promise((resolve, reject) => {
      let over = false
      const settle = (finish: () => void) => {
        if (over) return
        over = true
        pending.delete(fail)
        signal?.removeEventListener('abort', cancel)
        finish()
      }
      const fail = (error: Error) => settle(() => reject(error))
      const cancel = () => {
        fail(aborted())
        host.cancel(id)
      }
      pending.add(fail)
      signal?.addEventListener('abort', cancel)
      const report = async (value: unknown) => {
        if (over) return
        try {
          onReport?.(value as never)
        } catch (error) {
          fail(error as Error) // a mistake of the page, not of the worker
          host.cancel(id)
        }
      }
      const given = move ? transfer(input as object, [...move]) : input
      host.call(id, name, given, proxy(report)).then(
        (answer) => settle(() => resolve(answer as never)),
        (error) => fail(isAbort(error) ? aborted() : new Error(plainSentence(error), { cause: error })),
      )
    })
  }
  return {
    call,
    latest(name, input, options = {}) {
      latest.get(name)?.abort()
      const controller = new AbortController()
      latest.set(name, controller)
      const signal = options.signal ? AbortSignal.any([controller.signal, options.signal]) : controller.signal
      return call(name, input, { ...options, signal }).finally(() => {
        if (latest.get(name) === controller) latest.delete(name)
      })
    },
    stop() {
      running?.end(aborted())
    },
  }
}
