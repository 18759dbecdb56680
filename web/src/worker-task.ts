/** The worker's side of worker-client.ts. */
import { expose } from 'comlink'

/** What a task has beside its input. */
export interface TaskContext<Report = unknown> {
  /** Aborts when the page no longer wants the answer. A loop sees it only between pauses. */
  readonly signal: AbortSignal
  /** Tells the page something on the way: progress, a token, a picture. @returns when the page has taken it in */
  report(value: Report): Promise<void>
  /** Lets messages in; call it every few milliseconds of a long loop. @throws AbortError when the task was cancelled */
  pause(): Promise<void>
}

/** The tasks of a worker, by name. Input, reports and answers are cloned, or moved by comlink's `transfer`. */
// biome-ignore lint/suspicious/noExplicitAny: each task has its own types, which `createWorkerClient` gives back
export type Tasks = Record<string, (input: any, context: TaskContext<any>) => unknown>

/** What goes through comlink. */
export interface TaskHost {
  call(id: number, name: string, input: unknown, report: (value: unknown) => Promise<void>): Promise<unknown>
  cancel(id: number): void
  /** Name of a Web Lock that the worker holds as long as it lives; undefined where the browser has none (http, but for localhost). */
  life(): Promise<string | undefined>
}

const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

/** A turn of the event loop; timers would wait 4 ms. */
const turn = () =>
  new Promise<void>((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(0)
  })

/** Takes the lock by which the page sees that this worker lives. */
function holdLife(): Promise<string | undefined> {
  const { locks } = navigator as Partial<Navigator>
  if (!locks) return Promise.resolve(undefined)
  const name = `slt-worker-${crypto.randomUUID()}`
  return new Promise((resolve) => {
    void locks.request(name, () => {
      resolve(name)
      return new Promise(() => {})
    })
  })
}

/** Offers tasks to the page that made this worker. Call it once, at the end of the worker's module. */
export function exposeTasks(tasks: Tasks): void {
  const running = new Map<number, AbortController>()
  const life = holdLife()
  const host: TaskHost = {
    async call(id, name, input, report) {
      const controller = new AbortController()
      running.set(id, controller)
      const { signal } = controller
      let heard: Promise<void> | undefined // the last report, by the page
      const context: TaskContext = {
        signal,
        async report(value) {
          if (signal.aborted) return
          heard = report(value)
          await heard
        },
        async pause() {
          await turn()
          signal.throwIfAborted()
        },
      }
      try {
        await life // before anything that could end the worker
        await turn() // a cancellation sent right behind the call is heard
        signal.throwIfAborted()
        const answer = await tasks[name](input, context)
        await heard // reports come by a port of their own, which the answer would overtake
        return answer
      } finally {
        running.delete(id)
      }
    },
    cancel(id) {
      running.get(id)?.abort()
    },
    life: () => life,
  }
  expose(host)
}
