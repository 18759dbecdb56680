/** Who made the results of a sweep, and how long that took: as the store says, also of runs that were done before anybody listened. */
import { makingsOf } from './results.js'
import type { RunState } from './run-state.js'
import type { Store } from './store.js'

/** Makings read at a time: a store on another machine answers many as fast as one. */
const AT_ONCE = 16

/** Gives runs that are done their worker and their seconds. */
export interface StoredMakings {
  /**
   * Takes the first making of each result that agrees with it. A run whose maker is not known, or cannot be read, keeps what it has.
   * @param runs each is asked for once
   */
  fill(runs: readonly RunState[], signal: AbortSignal): Promise<void>
}

export function createStoredMakings(store: Store): StoredMakings {
  const asked = new WeakMap<RunState, Promise<void>>()
  const filled = new WeakSet<RunState>()
  const read = async (run: RunState) => {
    const makings = await makingsOf(store, run.id).catch(() => [])
    const first = makings.find(({ agrees }) => agrees)
    if (first) Object.assign(run, { worker: first.worker, seconds: first.seconds })
    filled.add(run)
  }
  const fillOne = (run: RunState): Promise<void> => {
    const reading = asked.get(run) ?? read(run)
    asked.set(run, reading)
    return reading
  }
  return {
    async fill(runs, signal) {
      const left = runs.filter((run) => run.status === 'done' && !filled.has(run))
      for (let i = 0; i < left.length && !signal.aborted; i += AT_ONCE)
        await Promise.all(left.slice(i, i + AT_ONCE).map(fillOne))
    },
  }
}
