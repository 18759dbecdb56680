import { MultiBar, type SingleBar } from 'cli-progress'
import type { RunState } from '../queue/run-state.js'
import type { SweepState } from '../queue/sweep-state.js'
import { barOf, fitLine, type LinePart, liveColumns } from './live-line.js'
import { createRunTable } from './live-table.js'
import { allowsColour, count, secondsText, type Terminal } from './terminal.js'

/** A live table of a sweep, on stderr. */
export interface SweepView {
  /** Draws the state, or where there is no terminal now and then says it in a line. */
  show(): void
  /** Prints a line above the table. */
  note(line: string): void
  stop(): void
}

/** Most running jobs that have a line of their own. */
const MOST_LINES = 10

/** Milliseconds between two lines where there is no terminal. */
const LINE_INTERVAL = 10_000

/** Columns of the bar of all runs. */
const BAR = 10

/** `12 of 47 done, 4 running, 30 waiting, 1 failed | 12 min 4 s | 2.1 runs/min | 14 min left`. */
export function totalParts(
  state: Pick<SweepState, 'runs' | 'counts' | 'rate' | 'secondsLeft' | 'elapsed'>,
): LinePart[] {
  const { done, running, waiting, failed } = state.counts()
  const total = state.runs.length
  const rate = state.rate()
  const left = state.secondsLeft()
  const ended = `${count(done)} of ${count(total)} done`
  const others = { running, waiting, failed }
  const told = Object.entries(others).flatMap(([status, runs]) => (runs > 0 ? [`${count(runs)} ${status}`] : []))
  return [
    { text: barOf((done + failed + partsOf(state.runs)) / Math.max(total, 1), BAR), rank: 3 },
    { text: [ended, ...told].join(', '), rank: 0, short: ended },
    { text: `${secondsText(state.elapsed())} so far`, rank: 2 },
    { text: rate === 0 ? '' : rate >= 1 ? `${rate.toFixed(1)} runs/s` : `${(60 * rate).toFixed(1)} runs/min`, rank: 4 },
    { text: left === undefined || running + waiting === 0 ? '' : `${secondsText(left)} left`, rank: 1 },
  ]
}

/** What the runs that go on have done, in runs. */
const partsOf = (runs: readonly RunState[]): number =>
  runs.reduce(
    (sum, { status, progress }) =>
      status === 'running' && progress && progress.total > 0 ? sum + progress.done / progress.total : sum,
    0,
  )

export function createSweepView(terminal: Terminal, state: SweepState): SweepView {
  if (!allowsColour(process.stderr)) return plainView(terminal, state)
  const runTable = createRunTable(state.runs)
  let lines: string[] = []
  let bars: SingleBar[] = []
  let table: MultiBar | undefined
  const draw = () => {
    const running = state.runs.filter(({ status }) => status === 'running')
    const shown = running.slice(0, MOST_LINES)
    const more = running.length > shown.length ? [`and ${running.length - shown.length} more`] : []
    const columns = liveColumns()
    lines = [fitLine(totalParts(state), columns), ...runTable.lines(shown, columns), ...more]
    if (lines.length < bars.length) stop() // the table has become shorter: it is drawn anew
    table ??= new MultiBar({
      stream: process.stderr,
      format: (_options, _params, { index }: { index: number }) => lines[index] ?? '',
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
    })
    while (bars.length < lines.length) bars.push(table.create(1, 0, { index: bars.length }))
    for (const bar of bars) bar.update(0)
  }
  const stop = () => {
    table?.stop()
    table = undefined
    bars = []
  }
  process.once('exit', stop) // a second Ctrl-C ends the process at once: the cursor must come back
  return {
    show: draw,
    note(line) {
      stop()
      terminal.note(line)
      draw()
    },
    stop() {
      process.off('exit', stop)
      stop()
    },
  }
}

function plainView(terminal: Terminal, state: SweepState): SweepView {
  let last = performance.now()
  return {
    show() {
      if (performance.now() - last < LINE_INTERVAL) return
      last = performance.now()
      const [, ...parts] = totalParts(state)
      const texts = parts.map(({ text }) => text).filter((text) => text !== '')
      process.stderr.write(`${texts.join(' | ')}\n`)
    },
    note: terminal.note,
    stop() {},
  }
}
