/** The table of runs that go on: a line each, of columns that keep their places while numbers change. */
import type { RunState } from '../queue/run-state.js'
import { barOf } from './live-line.js'
import { count } from './terminal.js'

/** Spaces between two columns. */
const GAP = 2

/** Columns of a bar, and where there is little room. */
const BAR = 20
const SHORT_BAR = 10

/** A name has so many columns at least, as long as a bar stands beside it. */
const NAME = 12
/** And without a bar, beside its steps. */
const LEAST_NAME = 4

/** Most columns of a job's own words. */
const MOST_TEXT = 24

/**
 * What sets each run apart: its label without the parts that all have in common, and of paths without the folder that all have in common.
 * @param labels `keep 0.3, data texts/a.txt`
 */
export function namesApart(labels: readonly string[]): string[] {
  const parts = labels.map((label) => label.split(', '))
  const [first] = parts
  if (labels.length < 2 || parts.some(({ length }) => length !== first.length)) return [...labels]
  const shared = first.map((part, at) => parts.every((each) => each[at] === part))
  if (!shared.includes(false)) return [...labels]
  const folders = first.map((part, at) =>
    sharedFolder(
      part,
      parts.map((each) => each[at]),
    ),
  )
  return parts.map((each) =>
    each.flatMap((part, at) => (shared[at] ? [] : [part.replace(folders[at], ' ')])).join(', '),
  )
}

/** ` texts/` of `data texts/a.txt` and `data texts/b.txt`; a space where there is none. */
function sharedFolder(part: string, all: readonly string[]): string {
  const [name] = part.split(' ')
  for (let end = part.lastIndexOf('/'); end > name.length; end = part.lastIndexOf('/', end - 1)) {
    const start = part.slice(0, end + 1)
    if (all.every((each) => each.startsWith(start))) return start.slice(name.length)
  }
  return ' '
}

/** Draws the runs that go on. */
export interface RunTable {
  /** A line for each run, none longer than `columns`, from 20 columns on. */
  lines(running: readonly RunState[], columns: number): string[]
}

/** @param all runs of the sweep: their names are the first column */
export function createRunTable(all: readonly RunState[]): RunTable {
  const apart = namesApart(all.map(({ label }) => label))
  const names = new Map(all.map((run, i) => [run, apart[i]]))
  const longest = apart.reduce((most, name) => Math.max(most, name.length), 0)
  const widths = { steps: 'starting'.length, text: 0, worker: 0 } // they only grow: what stands beside them stays
  return {
    lines(running, columns) {
      const cells = running.map((run) => ({
        name: names.get(run) ?? run.label,
        share: run.progress && run.progress.total > 0 ? run.progress.done / run.progress.total : 0,
        steps: stepsText(run),
        text: shortened(run.progress?.text ?? '', MOST_TEXT),
        worker: run.worker ?? '',
      }))
      for (const column of ['steps', 'text', 'worker'] as const)
        widths[column] = cells.reduce((most, cell) => Math.max(most, cell[column].length), widths[column])
      const plan = layOut({ ...widths, name: longest }, columns)
      return cells.map(({ name, share, steps, text, worker }) =>
        [
          shortened(name, plan.name).padEnd(plan.name),
          plan.bar > 0 ? barOf(share, plan.bar) : undefined,
          plan.steps > 0 ? steps.padStart(plan.steps) : undefined,
          plan.text > 0 ? text.padEnd(plan.text) : undefined,
          plan.worker > 0 ? worker : undefined,
        ]
          .filter((cell) => cell !== undefined)
          .join(' '.repeat(GAP))
          .trimEnd(),
      )
    },
  }
}

interface Layout {
  readonly name: number
  readonly bar: number
  readonly steps: number
  readonly text: number
  readonly worker: number
}

/** The widths of columns, 0 for those that there is no room for: the worker goes first, then the job's words, then the bar. */
function layOut(most: Omit<Layout, 'bar'>, columns: number): Layout {
  const plans: { least: number; plan: Layout }[] = [
    { least: most.name, plan: { ...most, bar: BAR } },
    { least: most.name, plan: { ...most, bar: SHORT_BAR } },
    { least: most.name, plan: { ...most, bar: BAR, worker: 0 } },
    { least: NAME, plan: { ...most, bar: SHORT_BAR, worker: 0 } },
    { least: NAME, plan: { ...most, bar: SHORT_BAR, worker: 0, text: 0 } },
    { least: LEAST_NAME, plan: { ...most, bar: 0, worker: 0, text: 0 } },
    { least: 0, plan: { ...most, bar: 0, worker: 0, text: 0, steps: 0 } },
  ]
  for (const { least, plan } of plans) {
    const { name, ...others } = plan
    const taken = Object.values(others).reduce((sum, width) => sum + (width > 0 ? width + GAP : 0), 0)
    const room = columns - taken
    if (room >= Math.min(least, name)) return { ...plan, name: Math.min(name, room) }
  }
  return { name: columns, bar: 0, steps: 0, text: 0, worker: 0 }
}

/** `120/5,000`. */
const stepsText = ({ progress }: RunState): string =>
  progress && progress.total > 0 ? `${count(progress.done)}/${count(progress.total)}` : 'starting'

/** The text, or its beginning and its end. */
function shortened(text: string, room: number): string {
  if (text.length <= room) return text
  if (room < 1) return ''
  const end = Math.floor((room - 1) / 2)
  return `${text.slice(0, room - 1 - end)}…${text.slice(text.length - end)}`
}
