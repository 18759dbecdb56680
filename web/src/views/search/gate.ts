/** Where a loop stops between two of its steps: to wait while it is held, and to let others work on what it works on. */
export interface Gate {
  /** The loop begins; from here on, what is asked waits until it comes by. */
  enter(): void
  /** The loop has ended; what waits is done now, and what is asked later at once. */
  leave(): void
  /** The loop comes by. @param signal ends a wait */
  pass(signal: AbortSignal): Promise<void>
  /** Makes the loop wait from its next step on, until {@link proceed}. */
  hold(): void
  proceed(): void
  /** Does something between two steps, one thing after the other. */
  ask<T>(work: () => Promise<T>): Promise<T>
  /** Milliseconds that the loop has spent here. */
  spent(): number
}

/** @param now milliseconds on a clock that never goes back */
export function createGate(now: () => number = () => performance.now()): Gate {
  const asked: (() => Promise<unknown>)[] = []
  let inside = false
  let held = false
  let spent = 0
  let wake = () => {}
  let last: Promise<unknown> = Promise.resolve()

  const drain = async () => {
    for (let work = asked.shift(); work; work = asked.shift()) await work()
  }
  return {
    enter() {
      inside = true
    },
    leave() {
      inside = false
      last = last.then(drain)
    },
    async pass(signal) {
      if (!held && asked.length === 0) return
      const begun = now()
      const listen = () => wake()
      signal.addEventListener('abort', listen)
      for (;;) {
        await drain()
        if (asked.length > 0) continue // asked while the last of them ended, when nothing listened to `wake`
        if (!held || signal.aborted) break
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      signal.removeEventListener('abort', listen)
      spent += now() - begun
    },
    hold() {
      held = true
    },
    proceed() {
      held = false
      wake()
    },
    ask(work) {
      return new Promise((resolve, reject) => {
        asked.push(() => work().then(resolve, reject))
        if (inside) wake()
        else last = last.then(drain)
      })
    },
    spent: () => spent,
  }
}
