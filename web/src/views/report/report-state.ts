import type { SweepAnswer } from '../../../../src/serve/answers.js'
import { choice, text, urlState } from '../../url-state.js'
import type { ShownRun } from './report-data.js'
import { axes } from './run-log.js'

/** As many runs are drawn over each other as there are colours. */
export const MOST_RUNS = 5

const NONE = 'none'

const { values } = urlState('report', { runs: text('', 100), sweeps: text('', 200), axis: choice('steps', axes) })

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

/** So many sweeps are opened together: each is asked for again while it goes on. */
const MOST_SWEEPS = 10

/** Ids of the sweeps that are opened; where the visitor has opened and closed none, the newest. */
export function openSweeps(sweeps: readonly Pick<SweepAnswer, 'id'>[]): readonly string[] {
  const given = values.sweeps.value
  if (given === NONE) return []
  if (given === '') return sweeps.slice(0, 1).map(({ id }) => id)
  return given.split(',').filter((id) => sweeps.some((sweep) => sweep.id === id))
}

/** Opens a sweep, or closes it. Of more than ten the one that was opened first is closed. */
export function showSweep(sweeps: readonly Pick<SweepAnswer, 'id'>[], id: string, isOpen: boolean): void {
  const now = openSweeps(sweeps)
  if (now.includes(id) === isOpen) return
  const next = isOpen ? [...now, id].slice(-MOST_SWEEPS) : now.filter((each) => each !== id)
  values.sweeps.value = next.length === 0 ? NONE : next.join(',')
}
