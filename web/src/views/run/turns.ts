/** Lets one thing run at a time, in the order in which they came. */
export type Turns = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/**
 * A network keeps the text that it reads, so that two things done at the same time would read each other's.
 * @returns a function that begins `work` after all that came before has ended, unless `signal` is aborted by then
 */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work, signal) => {
    const own = last.then(() => {
      signal?.throwIfAborted()
      return work()
    })
    last = own.catch(() => {})
    return own
  }
}
