import { barOf, createLiveLine, type LinePart } from './live-line.js'
import { allowsColour, count, secondsText } from './terminal.js'

/** Shows how far a piece of work is, on stderr. */
export interface Progress {
  /** @param done of `total` units; @param label what is being worked on */
  update(done: number, total: number, label: string): void
  /** Ends the line, if there is one. */
  stop(): void
}

/** How many milliseconds pass between two lines where there is no terminal. */
const LINE_INTERVAL = 5000

/** Columns of the bar. */
const BAR = 20

/**
 * A line with a bar, rate and time left on a terminal; elsewhere a plain line now and then (the first after five seconds).
 * @param unit what is counted ("weights")
 */
export function createProgress(unit: string): Progress {
  const started = performance.now()
  let first: number | undefined
  const partsOf = (done: number, total: number, label: string): LinePart[] => {
    first ??= done
    const rate = (done - first) / Math.max((performance.now() - started) / 1000, 1e-3)
    return progressParts({ unit, done, total, label, rate })
  }
  if (allowsColour(process.stderr)) {
    const line = createLiveLine()
    return { update: (...state) => line.show(partsOf(...state)), stop: line.stop }
  }
  let last = started
  return {
    update(...state) {
      const [, ...parts] = partsOf(...state)
      if (performance.now() - last < LINE_INTERVAL) return
      last = performance.now()
      process.stderr.write(`${parts.map(({ text }) => text).join(' | ')}\n`)
    },
    stop() {},
  }
}

/** Where a piece of work stands. */
export interface ProgressState {
  readonly unit: string
  readonly done: number
  readonly total: number
  readonly label: string
  /** Units a second. */
  readonly rate: number
}

/** The parts of a progress line: a bar, then how far the work is. */
export function progressParts({ unit, done, total, label, rate }: ProgressState): LinePart[] {
  const share = total ? done / total : 1
  const left = rate > 0 ? secondsText((total - done) / rate) : '?'
  return [
    { text: barOf(share, BAR), rank: 5 },
    { text: `${Math.floor(100 * share)} %`, rank: 0 },
    { text: `${count(done)} of ${count(total)} ${unit}`, rank: 4 },
    { text: `${count(rate)}/s`, rank: 3 },
    { text: `${left} left`, rank: 1 },
    { text: label, rank: 2 },
  ]
}
