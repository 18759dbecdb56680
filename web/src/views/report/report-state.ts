import { choice, text, urlState } from '../../url-state.js'
import type { ShownRun } from './report-data.js'
import { axes } from './run-log.js'

/** As many runs are drawn over each other as there are colours. */
export const MOST_RUNS = 5

const NONE = 'none'

const { values } = urlState('report', { runs: text('', 100), axis: choice('steps', axes) })

/** What the curves are drawn over. */
export const axis = values.axis

/** Ids of the runs that are shown; those that the visitor did not choose are the running ones, or else the newest. */
export function chosenRuns(runs: readonly ShownRun[]): readonly string[] {
  const given = values.runs.value
  if (given === NONE) return []
  if (given !== '')
    return given
      .split(',')
      .filter((id) => runs.some((run) => run.id === id))
      .slice(0, MOST_RUNS)
  const running = runs.filter(({ state }) => state === 'running')
  return (running.length > 0 ? running : runs.slice(0, 2)).slice(0, MOST_RUNS).map(({ id }) => id)
}

/** Shows a run, or no longer. */
export function toggleRun(runs: readonly ShownRun[], id: string): void {
  const now = chosenRuns(runs)
  const next = now.includes(id) ? now.filter((each) => each !== id) : [...now, id]
  values.runs.value = next.length === 0 ? NONE : next.join(',')
}
