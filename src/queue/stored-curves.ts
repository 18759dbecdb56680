/** Curves of searches and trainings from their results: also of runs that were done before anybody listened. */
import type { MetricsRow } from '../search/metrics.js'
import { createCurve, pointsFor } from './curve.js'
import { readObject } from './objects.js'
import type { CurvePoint, RunState } from './run-state.js'
import type { Store } from './store.js'

/** Most curves that are read for a sweep. The explorer draws a hundred. */
const MOST_READ = 500

/** Curves read at a time: a store on another machine answers many as fast as one. */
const AT_ONCE = 16

/** Gives runs that are done the curves of their results. */
export interface StoredCurves {
  /**
   * The curve of a result has every step; what was heard while the run went on may lack some, or all.
   * @param runs the first 500 of them are looked at; each result is asked for once. Of one that cannot be read the run keeps what was heard.
   */
  fill(runs: readonly RunState[], signal: AbortSignal): Promise<void>
}

export function createStoredCurves(store: Store): StoredCurves {
  const asked = new Map<string, Promise<readonly CurvePoint[]>>()
  const filled = new WeakSet<RunState>()
  return {
    async fill(runs, signal) {
      const fillOne = async (run: RunState) => {
        const sha256 = run.files?.['curve.jsonl']
        if (sha256 === undefined || filled.has(run)) return
        const reading = asked.get(sha256) ?? readCurve(store, sha256, pointsFor(runs.length)).catch(() => [])
        asked.set(sha256, reading)
        const points = await reading
        if (points.length > 0) run.points = points
        filled.add(run)
      }
      const looked = runs.slice(0, MOST_READ)
      for (let i = 0; i < looked.length && !signal.aborted; i += AT_ONCE)
        await Promise.all(looked.slice(i, i + AT_ONCE).map(fillOne))
    },
  }
}

async function readCurve(store: Store, sha256: string, most: number): Promise<readonly CurvePoint[]> {
  const bytes = await readObject(store, sha256)
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1)
  const rows = lines.map((line) => JSON.parse(line) as Pick<MetricsRow, 'step' | 'loss'>)
  const curve = createCurve(most)
  for (const { step, loss } of rows) curve.add(step, rows[rows.length - 1].step, loss)
  return curve.points
}
